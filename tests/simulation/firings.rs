//! What triggers did, and what must be true of it: nothing that can't be undone twice for a
//! crossing, nothing for somebody who never had the score, and in the end everything for everybody
//! who has it, or an administrator knows of it.

use super::daemon::Daemon;
use super::diary::Diary;
use super::mautic::Mautic;
use super::oracle::{Does, Oracle, Scored, Triggers, rules};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use topicscore::domain::{Action, ContactId, Effect, EffectState};
use topicscore::store::EffectQuery;

/// A trigger of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Which {
    /// Of a topic with a group.
    Loud,
    /// Of the topic without one.
    Quiet,
}

impl Which {
    const ALL: [Self; 2] = [Self::Loud, Self::Quiet];

    /// Its key, which is the name of its tag, webhook and mailbox, too.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Loud => "loud",
            Self::Quiet => "quiet",
        }
    }

    /// The one with this key.
    pub(crate) fn of(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|which| which.key() == key)
    }
}

/// What is done that can't be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// An email of Mautic's to the contact.
    Email,
    /// A mail to somebody.
    Mail,
    /// A webhook.
    Webhook,
}

/// What triggers need in Mautic, of each trigger.
#[derive(Debug, Clone)]
pub(crate) struct Alerts {
    emails: BTreeMap<Which, u64>,
    segments: BTreeMap<Which, u64>,
}

impl Alerts {
    /// Makes all of it.
    pub(crate) async fn make(mautic: &Mautic) -> Self {
        let (mut emails, mut segments) = (BTreeMap::new(), BTreeMap::new());
        for which in Which::ALL {
            emails.insert(which, mautic.make_email(&Self::email_name(which)).await);
            let segment = mautic.make_segment(&Self::segment_name(which)).await;
            segments.insert(which, segment);
        }
        Self { emails, segments }
    }

    /// Name of the email a trigger sends.
    pub(crate) fn email_name(which: Which) -> String {
        format!("Alert {}", which.key())
    }

    /// Name of the segment a trigger adds to.
    pub(crate) fn segment_name(which: Which) -> String {
        format!("Was {}", which.key())
    }

    /// The emails by id, with their names.
    pub(crate) fn emails(&self) -> Vec<(u64, String)> {
        named(&self.emails, Self::email_name)
    }

    /// The segments by id, with their names.
    pub(crate) fn segments(&self) -> Vec<(u64, String)> {
        named(&self.segments, Self::segment_name)
    }

    fn which(ids: &BTreeMap<Which, u64>, id: u64) -> Option<Which> {
        ids.iter()
            .find(|(_, of)| **of == id)
            .map(|(which, _)| *which)
    }
}

fn named(ids: &BTreeMap<Which, u64>, name: fn(Which) -> String) -> Vec<(u64, String)> {
    ids.iter().map(|(which, id)| (*id, name(*which))).collect()
}

/// One thing that was done: for which id, and by which number of the sender's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Told {
    which: Which,
    kind: Kind,
    contact: u64,
    id: String,
}

/// Everything that triggers did.
pub(crate) struct Firings {
    triggers: Triggers,
    alerts: Alerts,
    oracle: Arc<Mutex<Oracle>>,
    diary: Arc<Diary>,
    told: Mutex<BTreeSet<Told>>,
    /// Emails are told apart by counting.
    emails: Mutex<u64>,
    /// Somebody may not have heard whether something was done.
    doubts: AtomicBool,
    /// A backup of the store was restored.
    restored: AtomicBool,
}

impl Firings {
    /// Nothing was done yet.
    pub(crate) fn new(
        triggers: Triggers,
        alerts: Alerts,
        oracle: &Arc<Mutex<Oracle>>,
        diary: &Arc<Diary>,
    ) -> Self {
        Self {
            triggers,
            alerts,
            oracle: Arc::clone(oracle),
            diary: Arc::clone(diary),
            told: Mutex::default(),
            emails: Mutex::default(),
            doubts: AtomicBool::new(false),
            restored: AtomicBool::new(false),
        }
    }

    /// What triggers need in Mautic.
    pub(crate) fn alerts(&self) -> &Alerts {
        &self.alerts
    }

    /// From now on something may have been done of which the outcome is not known.
    pub(crate) fn doubtful(&self) {
        self.doubts.store(true, Ordering::Relaxed);
    }

    /// A backup of the store is restored.
    pub(crate) fn restored(&self) {
        self.restored.store(true, Ordering::Relaxed);
    }

    fn scored(&self, which: Which) -> Scored {
        match which {
            Which::Loud => Scored::Topic(self.triggers.loud.0),
            Which::Quiet => Scored::Quiet,
        }
    }

    fn does(&self, which: Which) -> Does {
        match which {
            Which::Loud => self.triggers.loud.1,
            Which::Quiet => self.triggers.quiet,
        }
    }

    /// Mautic sent an email to a contact.
    pub(crate) fn emailed(&self, email: u64, contact: u64) {
        let Some(which) = Alerts::which(&self.alerts.emails, email) else {
            return;
        };
        let number = {
            let mut emails = self.emails.lock().unwrap_or_else(PoisonError::into_inner);
            *emails += 1;
            *emails
        };
        self.told(which, Kind::Email, contact, &number.to_string());
    }

    /// A contact is added to a segment.
    pub(crate) fn added(&self, segment: u64, contact: u64) {
        if let Some(which) = Alerts::which(&self.alerts.segments, segment) {
            self.was_there(which, contact, "is added to a segment");
        }
    }

    /// Something that can't be undone is done, with this number of the sender's.
    pub(crate) fn told(&self, which: Which, kind: Kind, contact: u64, id: &str) {
        let what = format!("{kind:?} of {} for contact {contact}, {id}", which.key());
        self.diary.note(format!("  {what}"));
        self.was_there(which, contact, &what);
        let new = self.tellings().insert(Told {
            which,
            kind,
            contact,
            id: id.to_owned(),
        });
        if new {
            self.diary.count("effects", format!("{kind:?}"));
        } else {
            self.diary.count("effects", format!("{kind:?} once more"));
            if kind != Kind::Webhook {
                self.diary.wrong(format!("done twice: {what}"));
            }
        }
        let of_the_id = self.ids(which, kind, |told| told == contact);
        if of_the_id > 1 {
            self.diary.wrong(format!(
                "the trigger fired {of_the_id} times for the id: {what}"
            ));
        }
        let (of_all, most) = self.of_the_person(which, kind, contact);
        if of_all > most {
            self.diary.wrong(format!(
                "the trigger fired {of_all} times for ids that are one contact by now, and they crossed {most} times: {what}"
            ));
        }
    }

    fn was_there(&self, which: Which, contact: u64, what: &str) {
        let highest = self.oracle().highest(contact, self.scored(which));
        if highest < rules::FIRE {
            self.diary.wrong(format!(
                "contact {contact} never had more than {highest}: {what}"
            ));
        }
    }

    /// How many different numbers were told of ids.
    fn ids(&self, which: Which, kind: Kind, of: impl Fn(u64) -> bool) -> u64 {
        let tellings = self.tellings();
        let mine = tellings
            .iter()
            .filter(|told| (told.which, told.kind) == (which, kind) && of(told.contact));
        let ids: BTreeSet<&str> = mine.map(|told| told.id.as_str()).collect();
        ids.len() as u64
    }

    /// How often a trigger fired for all ids that are one contact by now, and could at most.
    fn of_the_person(&self, which: Which, kind: Kind, contact: u64) -> (u64, u64) {
        let oracle = self.oracle();
        let who = oracle.who(contact);
        let most = oracle.most_firings(contact, self.scored(which));
        (self.ids(which, kind, |id| oracle.who(id) == who), most)
    }

    /// Compares what was done with what is true, at rest.
    pub(crate) async fn compare(&self, mautic: &Mautic, daemon: &Daemon) {
        for contact in mautic.standin.contacts().await {
            for which in Which::ALL {
                let score = self.oracle().score(contact, self.scored(which));
                if score >= rules::FIRE {
                    self.compare_once(contact, which, daemon).await;
                    self.compare_kept(contact, which, mautic, true).await;
                }
                let highest = self.oracle().highest(contact, self.scored(which));
                if highest < rules::FIRE {
                    self.compare_kept(contact, which, mautic, false).await;
                }
            }
        }
    }

    /// What can't be undone was done, or an administrator knows why not.
    async fn compare_once(&self, contact: u64, which: Which, daemon: &Daemon) {
        let query = EffectQuery {
            contact: Some(ContactId(u32::try_from(contact).unwrap())),
            states: Vec::new(),
        };
        let kept = daemon.store.effects(&query, 100).await.unwrap();
        let does = self.does(which);
        for (wanted, kind) in [
            (does.email, Kind::Email),
            (does.mail, Kind::Mail),
            (does.webhook, Kind::Webhook),
        ] {
            if !wanted {
                continue;
            }
            self.diary.count("checked", "firings at rest");
            let mine = kept
                .iter()
                .filter(|effect| effect.trigger.0 == which.key() && is(&effect.action, kind));
            let left: Vec<&Effect> = mine
                .filter(|effect| !matches!(effect.state, EffectState::Done))
                .collect();
            let (done, _) = self.of_the_person(which, kind, contact);
            if done == 0 && left.is_empty() {
                self.diary.wrong(format!(
                    "{kind:?} of {} for contact {contact} was never done",
                    which.key()
                ));
            }
            for effect in left {
                self.may_be_left(kind, effect);
            }
        }
    }

    /// What is left to an administrator: only what may have been done, and emails without address.
    fn may_be_left(&self, kind: Kind, effect: &Effect) {
        let why = effect.last_error.as_deref().unwrap_or_default();
        let restored = self.restored.load(Ordering::Relaxed);
        let doubts = self.doubts.load(Ordering::Relaxed) && kind != Kind::Webhook;
        let fine = match effect.state {
            EffectState::Unknown => restored || doubts,
            EffectState::Failed => kind == Kind::Email && why.contains("no email address"),
            _ => false,
        };
        self.diary
            .count("left to an administrator", format!("{kind:?}"));
        if !fine {
            self.diary.wrong(format!("left undone: {effect:?}"));
        }
    }

    /// What can be undone is there, or is not.
    async fn compare_kept(&self, contact: u64, which: Which, mautic: &Mautic, wanted: bool) {
        let does = self.does(which);
        let tagged = mautic.standin.with_state(|state| {
            let tags = state.contacts.get(contact).map(|contact| &contact.tags);
            let mut names = tags.into_iter().flatten();
            names.any(|tag| {
                state
                    .tags
                    .get(*tag)
                    .is_some_and(|tag| tag.tag == which.key())
            })
        });
        let segment = self.alerts.segments[&which];
        let members = mautic.standin.segment_members(segment).await;
        for (what, does, has) in [
            ("tag", does.tag, tagged.await),
            ("segment", does.segment, members.contains(&contact)),
        ] {
            self.diary.count("checked", "tags and segments at rest");
            if has != (does && wanted) {
                self.diary.wrong(format!(
                    "contact {contact} has {what} {}: {has}, true is {}",
                    which.key(),
                    does && wanted
                ));
            }
        }
    }

    fn tellings(&self) -> MutexGuard<'_, BTreeSet<Told>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is(action: &Action, kind: Kind) -> bool {
    match kind {
        Kind::Email => matches!(action, Action::SendEmail { .. }),
        Kind::Mail => matches!(action, Action::Mail { .. }),
        Kind::Webhook => matches!(action, Action::Webhook { .. }),
    }
}
