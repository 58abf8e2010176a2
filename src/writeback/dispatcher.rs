//! The write-back worker: pending intents to calls, answers to observed values.
//!
//! Invariants:
//! 1. Contacts are leased whole: one writer per contact.
//! 2. Right before writing, every id is known to be still its own; a vanished one is told to the
//!    journal instead.
//! 3. No store transaction is open while Mautic is asked.
//! 4. Every call that writes is recorded, whatever its answer.

use super::attempt::{Attempt, Made, failed, holds};
use super::call::{Call, call_for, must_look, segment_adds};
use super::mautic::{Answered, CallError, GroupWrite, Identity, MauticWrites};
use super::points::mark;
use super::told::{MISSED, later, tell, vanished};
use crate::clock::Clock;
use crate::domain::{ContactId, Fact, GroupId, SegmentId, Target, Urgency};
use crate::metrics::{CallOutcome, Endpoint, WritebackMetrics};
use crate::store::{ContactIntents, Intent, Owner, Result, SharedStore, WriteOutcome};
use crate::wake::Wake;
use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Contacts taken at once: few enough that their identity is still fresh when the last is written.
const BATCH: usize = 20;
/// Contacts written at the same time; the request budget bounds what is really in flight.
const SIDE_BY_SIDE: usize = 8;
/// Longest time from the look at identities to the last write: a contact may be merged meanwhile.
const FRESH: Duration = Duration::from_mins(1);
/// A worker that vanished gives its contacts back after this time.
const LEASE: SignedDuration = SignedDuration::from_mins(10);
/// How long to sleep when nothing rings.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// Brings Mautic to the desired values.
#[derive(Debug, Clone)]
pub struct Dispatcher {
    /// Where intents are kept.
    pub store: SharedStore,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Mautic.
    pub mautic: Arc<dyn MauticWrites>,
    /// Who leases.
    pub owner: Owner,
    /// Least urgency taken: one worker keeps free for contacts that just did something.
    pub least: Urgency,
    /// Rings when intents became pending.
    pub intents: Wake,
    /// Rung when contacts are given back: what triggers do waits for their scores.
    pub effects: Wake,
    /// Rung when a merged contact became dirty.
    pub dirty: Wake,
    /// Rung when Mautic turned out to know more than the journal.
    pub polls: Wake,
    /// Told of calls and delays.
    pub metrics: WritebackMetrics,
    /// Told that it lives.
    pub health: crate::health::Reporter,
}

impl Dispatcher {
    /// Writes until told to stop; calls that were begun are finished and recorded first.
    ///
    /// # Errors
    /// The store's, when it fails for good.
    pub async fn run(self, stop: CancellationToken) -> Result<()> {
        while !stop.is_cancelled() {
            let bell = self.intents.armed();
            let written = self.step_until(&stop).await?;
            self.health
                .ok(format!("{written} contacts just now"), self.clock.now());
            if written == 0 {
                let pause = self.pause().await?;
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = bell.wait(pause) => {}
                }
            }
        }
        Ok(())
    }

    async fn pause(&self) -> Result<Duration> {
        let now = self.clock.now();
        let due = self.store.next_due(self.least, now).await?;
        let until_due = due.map_or(LOOK_AGAIN, |due| {
            Duration::try_from(due.duration_since(now)).unwrap_or(Duration::from_millis(50))
        });
        Ok(until_due.clamp(Duration::from_millis(20), LOOK_AGAIN))
    }

    /// Writes one batch; returns how many contacts it took.
    ///
    /// # Errors
    /// The store's. Mautic's become results of the intents.
    pub async fn step(&self) -> Result<usize> {
        self.step_until(&CancellationToken::new()).await
    }

    async fn step_until(&self, stop: &CancellationToken) -> Result<usize> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let claimed = self
            .store
            .claim_intents(&self.owner, BATCH, self.least, now, until)
            .await?;
        if claimed.is_empty() {
            return Ok(0);
        }
        let contacts: Vec<_> = claimed.iter().map(|claim| claim.contact).collect();
        let urgency = claimed
            .iter()
            .flat_map(|claim| &claim.intents)
            .map(|i| i.urgency)
            .max();
        let urgency = urgency.unwrap_or(Urgency::Bulk);
        let attempt = most_attempts(&claimed);
        match self.mautic.identities(&contacts, attempt, urgency).await {
            Ok(identities) => {
                // Before the question: what happens meanwhile is newer than the answer.
                let asked_at = self.mautic.there(now);
                self.write(&claimed, &identities, (urgency, asked_at), stop)
                    .await?;
            }
            Err(error) => {
                let results = claimed
                    .iter()
                    .flat_map(|claim| claim.intents.iter().map(move |i| (claim.contact, i)))
                    .map(|(contact, intent)| failed(contact, intent, &error, None, now))
                    .collect();
                self.keep(results).await?;
            }
        }
        self.store.release(&self.owner, &contacts).await?;
        self.effects.ring();
        Ok(contacts.len())
    }

    async fn write(
        &self,
        claimed: &[ContactIntents],
        identities: &BTreeMap<ContactId, Identity>,
        (urgency, asked_at): (Urgency, Timestamp),
        stop: &CancellationToken,
    ) -> Result<()> {
        let own: Vec<ContactIntents> = claimed
            .iter()
            .filter(|claim| identities.get(&claim.contact) == Some(&Identity::Own))
            .cloned()
            .collect();
        let now = self.clock.now();
        self.keep(put_off(claimed, identities, now)).await?;
        let facts = vanished(identities, asked_at);
        tell(&self.store, &self.dirty, facts, now).await?;
        let turn = Turn::begin(stop);
        let goes_on = || std::future::ready(!turn.is_over());
        let groups = stream::iter(own.clone())
            .take_while(|_| goes_on())
            .map(|claim| self.write_groups(claim, &turn, urgency))
            .buffer_unordered(SIDE_BY_SIDE)
            .concat();
        self.keep(groups.await).await?;
        for claim in &own {
            if turn.is_over() {
                return Ok(());
            }
            let added = self.add_points(claim, &turn).await?;
            self.keep(added).await?;
        }
        if turn.is_over() {
            return Ok(());
        }
        let adds = segment_adds(&own);
        let adds = stream::iter(adds)
            .take_while(|_| goes_on())
            .map(|(segment, adds)| self.add(segment, adds, urgency))
            .buffer_unordered(SIDE_BY_SIDE)
            .concat();
        let leaving = stream::iter(removes(&own))
            .take_while(|_| goes_on())
            .map(|(contact, segment, intent)| self.remove(contact, segment, intent, urgency))
            .buffer_unordered(SIDE_BY_SIDE)
            .collect::<Vec<_>>();
        let (mut attempts, removed) = tokio::join!(adds, leaving);
        attempts.extend(removed);
        self.keep(attempts).await
    }

    async fn keep(&self, attempts: Vec<Attempt>) -> Result<()> {
        if attempts.is_empty() {
            return Ok(());
        }
        let now = self.clock.now();
        // Not taken for deleted at once: the resolver asks Mautic what became of them.
        let vanished = attempts.iter().filter(|attempt| attempt.vanished);
        let gone = vanished
            .map(|a| Fact::Gone {
                contact: a.result.contact,
                at: now,
            })
            .collect();
        for delay in attempts.iter().filter_map(|attempt| attempt.delay(now)) {
            self.metrics.written_back(delay);
        }
        let results: Vec<_> = attempts.into_iter().map(|attempt| attempt.result).collect();
        self.store.finish_writes(&self.owner, results, now).await?;
        tell(&self.store, &self.dirty, gone, now).await
    }

    async fn write_groups(
        &self,
        claim: ContactIntents,
        turn: &Turn,
        urgency: Urgency,
    ) -> Vec<Attempt> {
        let intents: Vec<_> = claim.intents.iter().filter(|i| is_set(i)).collect();
        let seen = if must_look(&claim.intents) {
            let attempt = most_attempts(std::slice::from_ref(&claim));
            match self
                .mautic
                .group_scores(claim.contact, attempt, urgency)
                .await
            {
                Ok(scores) => Some(scores),
                Err(error) => {
                    let now = self.clock.now();
                    let failed = |i: &&Intent| failed(claim.contact, i, &error, None, now);
                    return intents.iter().map(failed).collect();
                }
            }
        } else {
            None
        };
        let mut results = Vec::with_capacity(intents.len());
        for intent in intents {
            if turn.is_over() {
                break;
            }
            results.push(match call_for(intent, seen.as_ref()) {
                Call::SetGroup(group) => self.set_group(claim.contact, group, intent).await,
                _ => holds(claim.contact, intent, intent.desired, false, None),
            });
        }
        results
    }

    async fn set_group(&self, contact: ContactId, group: GroupId, intent: &Intent) -> Attempt {
        let write = GroupWrite {
            contact,
            group,
            score: intent.desired,
            event_name: &intent.reason,
            action_name: &mark(contact, intent, "set", &self.owner, self.clock.now()),
            attempt: intent.attempts,
            urgency: intent.urgency,
        };
        let call = Made::begin(
            self.clock.now(),
            format!(
                "POST /api/contacts/{contact}/points/groups/{group}/set/{}",
                intent.desired
            ),
        );
        let answer = self.mautic.set_group_score(write).await;
        self.count(Endpoint::GroupSet, &answer, &call);
        match answer {
            Ok(answer) => {
                let record = Some(call.answered(&answer));
                holds(contact, intent, answer.value, true, record)
            }
            Err(error) => failed(contact, intent, &error, Some(call), self.clock.now()),
        }
    }

    async fn add(
        &self,
        segment: SegmentId,
        adds: Vec<(ContactId, Intent)>,
        urgency: Urgency,
    ) -> Vec<Attempt> {
        let contacts: Vec<_> = adds.iter().map(|(contact, _)| *contact).collect();
        let attempt = adds
            .iter()
            .map(|(_, intent)| intent.attempts)
            .max()
            .unwrap_or(0);
        let request = format!(
            "POST /api/segments/{segment}/contacts/add ({} contacts)",
            adds.len()
        );
        let call = Made::begin(self.clock.now(), request);
        let answer = self
            .mautic
            .add_to_segment(segment, &contacts, attempt, urgency)
            .await;
        self.count(Endpoint::SegmentAdd, &answer, &call);
        let now = self.clock.now();
        adds.iter()
            .map(|(contact, intent)| match &answer {
                Ok(answer) if answer.value.contains(contact) => holds(
                    *contact,
                    intent,
                    1,
                    true,
                    Some(call.clone().answered(answer)),
                ),
                // The answer names the winner instead of a contact merged away meanwhile (FACTS 94).
                Ok(answer) => {
                    let gone = CallError::NoContact(format!(
                        "Mautic did not add contact {contact} to segment {segment}: {}",
                        answer.text
                    ));
                    failed(*contact, intent, &gone, Some(call.clone()), now)
                }
                Err(error) => failed(*contact, intent, error, Some(call.clone()), now),
            })
            .collect()
    }

    async fn remove(
        &self,
        contact: ContactId,
        segment: SegmentId,
        intent: Intent,
        urgency: Urgency,
    ) -> Attempt {
        let request = format!("POST /api/segments/{segment}/contact/{contact}/remove");
        let call = Made::begin(self.clock.now(), request);
        let attempt = intent.attempts;
        let answer = self
            .mautic
            .remove_from_segment(segment, contact, attempt, urgency)
            .await;
        self.count(Endpoint::SegmentRemove, &answer, &call);
        match answer {
            Ok(answer) => holds(contact, &intent, 0, true, Some(call.answered(&answer))),
            Err(error) => failed(contact, &intent, &error, Some(call), self.clock.now()),
        }
    }

    pub(super) fn count<T>(
        &self,
        endpoint: Endpoint,
        answer: &std::result::Result<Answered<T>, CallError>,
        call: &Made,
    ) {
        let status = match answer {
            Ok(answer) => Some(answer.status),
            Err(CallError::NoContact(_)) => Some(404),
            Err(CallError::Again { status, .. } | CallError::Refused { status, .. }) => *status,
        };
        self.metrics
            .call(endpoint, CallOutcome::of_status(status), call.elapsed());
    }
}

/// Whether the intent sets a group's score.
fn is_set(intent: &Intent) -> bool {
    matches!(intent.target, Target::Group(_)) && !intent.way.adds()
}

/// Failed attempts so far, of the intent that failed most.
fn most_attempts(claimed: &[ContactIntents]) -> u32 {
    claimed
        .iter()
        .flat_map(|claim| &claim.intents)
        .map(|i| i.attempts)
        .max()
        .unwrap_or(0)
}

/// For how long a batch may be written.
pub(super) struct Turn {
    /// When it was known whose the ids are.
    looked: Instant,
    stop: CancellationToken,
}

impl Turn {
    fn begin(stop: &CancellationToken) -> Self {
        Self {
            looked: Instant::now(),
            stop: stop.clone(),
        }
    }

    /// Whether no further call may begin: contacts may be merged by now, or Mautic was noticed to be
    /// restored and their ids are other people's, or the process is to end.
    pub(super) fn is_over(&self) -> bool {
        self.looked.elapsed() > FRESH || self.stop.is_cancelled()
    }
}

/// Intents of vanished contacts wait until the journal knows what became of them.
fn put_off(
    claimed: &[ContactIntents],
    identities: &BTreeMap<ContactId, Identity>,
    now: Timestamp,
) -> Vec<Attempt> {
    let vanished = |contact| {
        identities
            .get(contact)
            .is_some_and(|now| *now != Identity::Own)
    };
    claimed
        .iter()
        .filter(|claim| vanished(&claim.contact))
        .flat_map(|claim| {
            claim
                .intents
                .iter()
                .map(move |intent| (claim.contact, intent))
        })
        .map(|(contact, intent)| {
            let why = CallError::NoContact(format!("contact {contact} was merged away or deleted"));
            let mut attempt = failed(contact, intent, &why, None, now);
            // What became of it is known already.
            attempt.vanished = false;
            if identities.get(&contact) == Some(&Identity::Deleted)
                && let WriteOutcome::RetryAt { not_before, .. } = &mut attempt.result.outcome
            {
                *not_before = later(now, MISSED);
            }
            attempt
        })
        .collect()
}

fn removes(own: &[ContactIntents]) -> Vec<(ContactId, SegmentId, Intent)> {
    own.iter()
        .flat_map(|claim| {
            claim
                .intents
                .iter()
                .map(move |intent| (claim.contact, intent))
        })
        .filter_map(|(contact, intent)| match call_for(intent, None) {
            Call::Remove(segment) => Some((contact, segment, intent.clone())),
            _ => None,
        })
        .collect()
}
