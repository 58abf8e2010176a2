//! The worker: effects to calls, mails and webhooks.
//!
//! Invariants:
//! 1. A contact's effects are done in the order in which its triggers fired, one after the other;
//!    what one receiver can't do for a while holds up only what is for the same receiver.
//! 2. Before Mautic is asked to do something, the id is known to be still the contact's own.
//! 3. What can't be undone is marked as started, durably, before it is done; what was started is
//!    never done again, webhooks apart, which carry their id.
//! 4. No store transaction is open while anybody is asked.

use super::decide::{self, Step, Trouble};
use super::ports::{Hooks, Mailer, MauticEffects, NoMail, OutgoingMail, WebhookCall};
use super::render::About;
use super::sign;
use crate::clock::Clock;
use crate::domain::{
    Action, ContactEffects, ContactId, Effect, EffectOutcome, EmailId, Fact, Profile, SegmentId,
    Target, Urgency,
};
use crate::mautic::Chance;
use crate::metrics::EffectMetrics;
use crate::store::{Owner, Result, SharedStore};
use crate::wake::Wake;
use crate::writeback::Identity;
use crate::writeback::told::{MISSED, later, tell, vanished};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashSet};
use std::{sync::Arc, time::Duration, time::Instant};
use tokio_util::sync::CancellationToken;

/// Contacts taken at once.
const BATCH: usize = 20;
/// Contacts worked on at the same time.
const SIDE_BY_SIDE: usize = 8;
/// Longest time from the look at identities to a call: a contact may be merged meanwhile.
const FRESH: Duration = Duration::from_mins(1);
/// Nothing is begun later than this after the claim, so that every lease covers what is done.
const TURN: Duration = Duration::from_mins(5);
/// A worker that vanished gives its contacts back after this time.
const LEASE: SignedDuration = SignedDuration::from_mins(10);
/// How long to sleep when nothing rings.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Carries out what triggers do.
#[derive(Debug, Clone)]
pub struct EffectWorker {
    /// Where effects are kept.
    pub store: SharedStore,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Spreads pauses.
    pub chance: Arc<dyn Chance>,
    /// Mautic.
    pub mautic: Arc<dyn MauticEffects>,
    /// The mail server, if there is one.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Receivers of webhooks.
    pub hooks: Arc<dyn Hooks>,
    /// Who leases.
    pub owner: Owner,
    /// Name of the instance, in mails and webhooks.
    pub instance: String,
    /// Rings when triggers fired, and rung when contacts are given back.
    pub intents: Wake,
    /// Rings when a contact's intents were written.
    pub effects: Wake,
    /// Rung when a contact became dirty.
    pub dirty: Wake,
    /// Told of outcomes.
    pub metrics: EffectMetrics,
    /// Told that it lives.
    pub health: crate::health::Reporter,
}

impl EffectWorker {
    /// Works until told to stop; what was begun is finished and kept first.
    ///
    /// # Errors
    /// The store's, when it fails for good.
    pub async fn run(self, stop: CancellationToken) -> Result<()> {
        while !stop.is_cancelled() {
            let (fired, written) = (self.intents.armed(), self.effects.armed());
            let contacts = self.step_until(&stop).await?;
            self.health
                .ok(format!("{contacts} contacts just now"), self.clock.now());
            if contacts == 0 {
                let pause = self.pause().await?;
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = fired.wait(pause) => {}
                    () = written.wait(pause) => {}
                }
            }
        }
        Ok(())
    }

    async fn pause(&self) -> Result<Duration> {
        let now = self.clock.now();
        let due = self.store.next_effect_due(now).await?;
        let until_due = due.map_or(LOOK_AGAIN, |due| {
            Duration::try_from(due.duration_since(now)).unwrap_or_default()
        });
        Ok(until_due.clamp(Duration::from_millis(20), LOOK_AGAIN))
    }

    /// Works on one batch; returns how many contacts it took.
    ///
    /// # Errors
    /// The store's. All others become outcomes of effects.
    pub async fn step(&self) -> Result<usize> {
        self.step_until(&CancellationToken::new()).await
    }

    async fn step_until(&self, stop: &CancellationToken) -> Result<usize> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let claimed = self
            .store
            .claim_effects(&self.owner, BATCH, now, until)
            .await?;
        if claimed.is_empty() {
            return Ok(0);
        }
        let contacts: Vec<_> = claimed.iter().map(|claim| claim.contact).collect();
        let turn = Turn {
            worker: self,
            began: Instant::now(),
            whose: self.whose(&claimed).await?,
            looked: Instant::now(),
            stop,
        };
        let worked: Result<Vec<()>> = stream::iter(claimed)
            .map(|claim| turn.contact(claim))
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await;
        self.store.release(&self.owner, &contacts).await?;
        // Intents of these contacts may have become pending while they were held.
        self.intents.ring();
        worked.map(|_| contacts.len())
    }

    /// Who the contacts are that Mautic is to be asked about; what became of the others is told to
    /// the journal.
    async fn whose(&self, claimed: &[ContactEffects]) -> Result<Whose> {
        let mautics = |claim: &&ContactEffects| {
            let mut effects = claim.effects.iter();
            effects.any(|effect| effect.action.is_mautics())
        };
        let asked: Vec<&ContactEffects> = claimed.iter().filter(mautics).collect();
        if asked.is_empty() {
            return Ok(Ok(BTreeMap::new()));
        }
        let contacts: Vec<ContactId> = asked.iter().map(|claim| claim.contact).collect();
        let all = || asked.iter().flat_map(|claim| &claim.effects);
        let urgency = all().map(|effect| effect.urgency).max();
        let attempt = all().map(|effect| effect.attempts).max().unwrap_or(0);
        let urgency = urgency.unwrap_or(Urgency::Bulk);
        // Before the question: what happens meanwhile is newer than the answer.
        let now = self.clock.now();
        match self.mautic.whose(&contacts, attempt, urgency).await {
            Ok(whose) => {
                let facts = vanished(&whose, self.mautic.there(now));
                tell(&self.store, &self.dirty, facts, now).await?;
                Ok(Ok(whose))
            }
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    async fn keep(&self, effect: &Effect, outcome: EffectOutcome) -> Result<()> {
        let now = self.clock.now();
        let kind = effect.action.kind();
        self.metrics.ended(kind, outcome.name());
        match &outcome {
            EffectOutcome::Done { .. } => {
                let delay = now.duration_since(effect.caused_at);
                self.metrics
                    .done(Duration::try_from(delay).unwrap_or_default());
            }
            EffectOutcome::RetryAt { error, .. } | EffectOutcome::LookAt { error, .. } => {
                tracing::info!(effect = %effect.id, contact = %effect.contact, kind, error, "to be tried again");
            }
            EffectOutcome::Failed { error }
            | EffectOutcome::Unknown { error }
            | EffectOutcome::Expired { error } => {
                tracing::warn!(effect = %effect.id, contact = %effect.contact, kind, error,
                    outcome = outcome.name(), "what a trigger does was not done");
            }
        }
        self.store.finish_effect(effect.id, outcome, now).await
    }
}

/// Who contacts are now, or why nobody knows.
type Whose = std::result::Result<BTreeMap<ContactId, Identity>, String>;

/// One batch.
struct Turn<'w> {
    worker: &'w EffectWorker,
    began: Instant,
    whose: Whose,
    looked: Instant,
    stop: &'w CancellationToken,
}

impl Turn<'_> {
    /// A contact's effects, one after the other.
    async fn contact(&self, claim: ContactEffects) -> Result<()> {
        let whose = self.whose.as_ref().ok();
        match whose.and_then(|whose| whose.get(&claim.contact)) {
            Some(Identity::MergedInto(_)) => return self.put_off(&claim, None).await,
            Some(Identity::Deleted) => return self.put_off(&claim, Some(MISSED)).await,
            Some(Identity::Own) | None => {}
        }
        let mut waiting = HashSet::new();
        for effect in &claim.effects {
            let lane = effect.action.lane();
            if waiting.contains(&lane) {
                continue;
            }
            if self.began.elapsed() > TURN || self.stop.is_cancelled() {
                break;
            }
            let outcome = self.effect(effect, claim.profile.as_ref()).await?;
            if !outcome.as_ref().is_some_and(EffectOutcome::is_final) {
                waiting.insert(lane);
            }
            if let Some(outcome) = outcome {
                self.worker.keep(effect, outcome).await?;
            }
        }
        Ok(())
    }

    /// Mautic does not know the contact any more: its effects go with it, or are the winner's by now.
    async fn put_off(&self, claim: &ContactEffects, by: Option<SignedDuration>) -> Result<()> {
        for effect in &claim.effects {
            let now = self.worker.clock.now();
            let what = "Mautic does not know the contact any more".to_owned();
            let mut outcome = match decide::next_step(effect, now) {
                Step::End(outcome) => outcome,
                step => self.failed(effect, Trouble::NoContact { what }, &step),
            };
            if let EffectOutcome::RetryAt { not_before, .. }
            | EffectOutcome::LookAt { not_before, .. } = &mut outcome
            {
                *not_before = by.map_or(*not_before, |by| later(now, by));
            }
            self.worker.keep(effect, outcome).await?;
        }
        Ok(())
    }

    /// Does one effect; `None`: it was not its turn after all.
    async fn effect(
        &self,
        effect: &Effect,
        profile: Option<&Profile>,
    ) -> Result<Option<EffectOutcome>> {
        let worker = self.worker;
        let step = decide::next_step(effect, worker.clock.now());
        if let Step::End(outcome) = step {
            return Ok(Some(outcome));
        }
        if effect.action.is_mautics() {
            match &self.whose {
                Ok(whose) if whose.contains_key(&effect.contact) => {}
                Ok(_) => return Ok(None),
                Err(why) => return Ok(Some(self.failed(effect, Trouble::later(why), &step))),
            }
            if self.looked.elapsed() > FRESH {
                return Ok(None);
            }
        }
        let result = match (&effect.action, &step) {
            (Action::SendEmail { email }, Step::Look) => {
                let found = self.was_sent(effect, *email).await;
                let now = worker.clock.now();
                return Ok(Some(decide::looked(
                    effect,
                    found,
                    now,
                    worker.chance.fraction(),
                )));
            }
            (Action::SendEmail { email }, _) => self.send_email(effect, *email).await?,
            (Action::Mail { to, subject, text }, _) => {
                let about = self.about(effect, profile);
                let mail = OutgoingMail {
                    id: sign::message_id(&worker.instance, effect),
                    to: to.clone(),
                    subject: about.fill_line(subject),
                    text: about.fill(text),
                };
                self.mail(effect, &mail).await?
            }
            (Action::Webhook { webhook }, _) => {
                let call = WebhookCall {
                    target: webhook.clone(),
                    id: sign::message_id(&worker.instance, effect),
                    body: self.about(effect, profile).webhook_body(),
                };
                self.webhook(effect, &call).await?
            }
            (action, _) => Some(self.carry_out(effect, action).await?),
        };
        let Some(result) = result else {
            return Ok(None);
        };
        if let Err(Trouble::NoContact { .. }) = &result {
            self.gone(effect.contact).await?;
        }
        let now = worker.clock.now();
        let fraction = worker.chance.fraction();
        Ok(Some(decide::after(effect, result, now, fraction)))
    }

    fn about<'a>(&'a self, effect: &'a Effect, profile: Option<&'a Profile>) -> About<'a> {
        About {
            effect,
            profile,
            instance: &self.worker.instance,
        }
    }

    /// What a failed look at identities means for an effect.
    fn failed(&self, effect: &Effect, trouble: Trouble, step: &Step) -> EffectOutcome {
        let (now, fraction) = (self.worker.clock.now(), self.worker.chance.fraction());
        if *step == Step::Look {
            decide::looked(effect, Err(trouble), now, fraction)
        } else {
            decide::after(effect, Err(trouble), now, fraction)
        }
    }

    async fn carry_out(
        &self,
        effect: &Effect,
        action: &Action,
    ) -> Result<std::result::Result<String, Trouble>> {
        let worker = self.worker;
        let result = worker
            .mautic
            .carry_out(effect.contact, action, effect.attempts, effect.urgency)
            .await;
        if let (Ok(_), Some((segment, member))) = (&result, membership(action)) {
            // Conditions may ask for it; polls would tell it later.
            let seen = vec![(effect.contact, Target::Segment(segment), i32::from(member))];
            worker.store.observe(seen, worker.clock.now()).await?;
            worker.dirty.ring();
        }
        Ok(result)
    }

    async fn mail(
        &self,
        effect: &Effect,
        mail: &OutgoingMail,
    ) -> Result<Option<std::result::Result<String, Trouble>>> {
        let Some(mailer) = &self.worker.mailer else {
            let what = "the config has no [mail]: add the mail server to it".to_owned();
            return Ok(Some(Err(Trouble::Refused { what })));
        };
        if !self.start(effect, None).await? {
            return Ok(None);
        }
        Ok(Some(mailer.send(mail).await))
    }

    /// May be repeated, but an old backup of the store would give it another id: it is marked as
    /// started, too, so that the store is known to have been restored.
    async fn webhook(
        &self,
        effect: &Effect,
        call: &WebhookCall,
    ) -> Result<Option<std::result::Result<String, Trouble>>> {
        if effect.started.is_none() && !self.start(effect, None).await? {
            return Ok(None);
        }
        Ok(Some(self.worker.hooks.call(call).await))
    }

    /// Mautic says success as well where it sends nothing (FACTS 135): only its table tells.
    async fn send_email(
        &self,
        effect: &Effect,
        email: EmailId,
    ) -> Result<Option<std::result::Result<String, Trouble>>> {
        let (mautic, contact) = (&self.worker.mautic, effect.contact);
        match mautic.cannot_email(contact).await {
            Ok(None) => {}
            Ok(Some(NoMail::Address)) => {
                let what = format!("contact {contact} has no email address");
                return Ok(Some(Err(Trouble::Refused { what })));
            }
            Ok(Some(NoMail::DoNotContact)) => {
                let what = format!("contact {contact} must not be emailed (do not contact)");
                return Ok(Some(Err(Trouble::Refused { what })));
            }
            Err(trouble) => return Ok(Some(Err(trouble))),
        }
        let mark = match mautic.newest_sending(contact, email).await {
            Ok(mark) => mark,
            Err(trouble) => return Ok(Some(Err(trouble))),
        };
        if !self.start(effect, mark).await? {
            return Ok(None);
        }
        if let Err(trouble) = mautic.send_email(contact, email).await {
            return Ok(Some(Err(trouble)));
        }
        let answer = match mautic.newest_sending(contact, email).await {
            Ok(newest) if newest > mark => "sent",
            Ok(_) => "Mautic answered success but its table shows no email sent",
            Err(_) => "Mautic answered success",
        };
        Ok(Some(Ok(answer.to_owned())))
    }

    async fn start(&self, effect: &Effect, mark: Option<u64>) -> Result<bool> {
        let worker = self.worker;
        let now = worker.clock.now();
        worker
            .store
            .mark_started(&worker.owner, effect.id, mark, now)
            .await
    }

    async fn was_sent(
        &self,
        effect: &Effect,
        email: EmailId,
    ) -> std::result::Result<bool, Trouble> {
        let mark = effect.started.and_then(|started| started.mark);
        let newest = self
            .worker
            .mautic
            .newest_sending(effect.contact, email)
            .await?;
        Ok(newest > mark)
    }

    /// Not taken for deleted at once: the resolver asks Mautic what became of it.
    async fn gone(&self, contact: ContactId) -> Result<()> {
        let (worker, at) = (self.worker, self.worker.clock.now());
        let facts = vec![Fact::Gone { contact, at }];
        tell(&worker.store, &worker.dirty, facts, at).await
    }
}

/// The membership that an action leads to.
fn membership(action: &Action) -> Option<(SegmentId, bool)> {
    match action {
        Action::AddToSegment { segment } => Some((*segment, true)),
        Action::RemoveFromSegment { segment } => Some((*segment, false)),
        _ => None,
    }
}
