//! What must never be, looked at whenever a request of ours changed Mautic.

use super::diary::Diary;
use super::firings::Firings;
use super::mautic::{Mautic, Topic};
use super::oracle::{Oracle, Scored};
use mautic_fixtures::server::request::Request;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A write of ours as its path tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    /// `contacts/ID/points/groups/GROUP/OP/N`.
    Group {
        /// The id written to.
        contact: u64,
        /// The group.
        group: u64,
        /// `set`, `plus`, `minus`.
        how: String,
    },
    /// `contacts/ID/points/OP/N`.
    Points {
        /// The id written to.
        contact: u64,
        /// `plus`, `minus`.
        how: String,
        /// How many.
        points: i64,
    },
    /// `segments/ID/contacts/add`.
    Add {
        /// The segment.
        segment: u64,
        /// The ids added.
        contacts: Vec<u64>,
    },
    /// `segments/ID/contact/ID/remove`.
    Remove {
        /// The id removed.
        contact: u64,
    },
    /// `emails/ID/contact/ID/send`.
    Email {
        /// The email.
        email: u64,
        /// The id it is sent to.
        contact: u64,
    },
    /// `contacts/ID/edit`.
    Edit {
        /// The id edited.
        contact: u64,
    },
    /// Any other.
    Other,
}

impl Write {
    /// Reads a request; `None` if it only reads, or logs in.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        if request.method == "GET" {
            return None;
        }
        let id = |text: &str| text.parse().unwrap_or(0);
        Some(match request.path_segments()[..] {
            ["oauth", ..] => return None,
            [
                "api",
                "contacts",
                contact,
                "points",
                "groups",
                group,
                how,
                _,
            ] => Self::Group {
                contact: id(contact),
                group: id(group),
                how: how.to_owned(),
            },
            ["api", "contacts", contact, "points", how, points] => Self::Points {
                contact: id(contact),
                how: how.to_owned(),
                points: points.parse().unwrap_or(0),
            },
            ["api", "segments", segment, "contacts", "add"] => Self::Add {
                segment: id(segment),
                contacts: ids(&request.body),
            },
            ["api", "segments", _, "contact", contact, "remove"] => Self::Remove {
                contact: id(contact),
            },
            ["api", "emails", email, "contact", contact, "send"] => Self::Email {
                email: id(email),
                contact: id(contact),
            },
            ["api", "contacts", contact, "edit"] => Self::Edit {
                contact: id(contact),
            },
            _ => Self::Other,
        })
    }

    /// The ids it names.
    pub(crate) fn contacts(&self) -> Vec<u64> {
        match self {
            Self::Group { contact, .. }
            | Self::Points { contact, .. }
            | Self::Remove { contact }
            | Self::Email { contact, .. }
            | Self::Edit { contact } => {
                vec![*contact]
            }
            Self::Add { contacts, .. } => contacts.clone(),
            Self::Other => Vec::new(),
        }
    }
}

fn ids(body: &[u8]) -> Vec<u64> {
    let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let ids = body["ids"].as_array().cloned().unwrap_or_default();
    ids.iter().filter_map(Value::as_u64).collect()
}

/// Looks at every write.
pub(crate) struct Watch {
    mautic: Arc<Mautic>,
    topics: Vec<Topic>,
    oracle: Arc<Mutex<Oracle>>,
    diary: Arc<Diary>,
    /// What triggers did, if the plan has any.
    firings: Option<Arc<Firings>>,
    /// Times each marker of an addition took effect.
    markers: Mutex<BTreeMap<String, u64>>,
    /// The step in which we were last told what was not true any more.
    misled: AtomicU64,
    /// Mautic was restored from a backup, and not read anew yet: ids mean others than we know.
    restored: AtomicBool,
}

impl Watch {
    /// Watches what is written.
    pub(crate) fn new(
        mautic: &Arc<Mautic>,
        topics: &[Topic],
        oracle: &Arc<Mutex<Oracle>>,
        diary: &Arc<Diary>,
        firings: Option<&Arc<Firings>>,
    ) -> Self {
        Self {
            firings: firings.cloned(),
            mautic: Arc::clone(mautic),
            topics: topics.to_vec(),
            oracle: Arc::clone(oracle),
            diary: Arc::clone(diary),
            markers: Mutex::default(),
            misled: AtomicU64::new(0),
            restored: AtomicBool::new(false),
        }
    }

    /// In this step we are told what is not true any more: whose an id is can't be known.
    pub(crate) fn mislead(&self, step: u64) {
        self.misled.store(step, Ordering::Relaxed);
    }

    /// Mautic was restored from a backup.
    pub(crate) fn mautic_restored(&self) {
        self.restored.store(true, Ordering::Relaxed);
    }

    /// Mautic is read anew.
    pub(crate) fn mautic_read_anew(&self) {
        self.restored.store(false, Ordering::Relaxed);
    }

    fn wrong(&self, contact: u64, what: impl Into<String>) {
        let untold = {
            let oracle = self.oracle();
            oracle.was_deleted_once(contact) || oracle.is_unsure(contact)
        };
        if untold {
            let what = "told apart by nobody after Mautic was restored";
            self.diary.count("not promised", what);
        } else if self.restored.load(Ordering::Relaxed) {
            let what = "written for the lost before anybody noticed that Mautic was restored";
            self.diary.count("not promised", what);
        } else {
            self.diary.wrong(what);
        }
    }

    /// Something happens to a write on its way.
    pub(crate) fn troubled(&self, write: &Write) {
        if let (Write::Email { .. }, Some(firings)) = (write, &self.firings) {
            firings.doubtful();
        }
    }

    /// The score that a write is about, before and after it; of an email, how often it was sent.
    pub(crate) async fn score(&self, write: &Write) -> i64 {
        match write {
            Write::Group { contact, group, .. } => {
                let who = self.oracle().who(*contact);
                self.mautic.score(who, *group).await
            }
            Write::Points { contact, .. } => {
                let who = self.oracle().who(*contact);
                self.mautic.standin.points(who).await.unwrap_or(0)
            }
            Write::Email { email, .. } => self.mautic.sendings(*email).await,
            _ => 0,
        }
    }

    /// A write took effect that was decided upon in step `begun`.
    pub(crate) async fn wrote(&self, write: &Write, request: &Request, before: i64, begun: u64) {
        let after = self.score(write).await;
        self.merged_away(write, begun);
        match write {
            Write::Group {
                contact,
                group,
                how,
            } => {
                self.diary.note(format!(
                    "  group {group} of contact {contact}: {before} -> {after}"
                ));
                let topic = self.topics.iter().position(|topic| topic.group == *group);
                if let Some(topic) = topic {
                    self.overshoot(*contact, Scored::Topic(topic), (before, after), begun);
                }
                if how != "set" && before != after {
                    self.marked(request);
                }
            }
            Write::Points { contact, .. } => {
                self.diary.note(format!(
                    "  points of contact {contact}: {before} -> {after}"
                ));
                self.overshoot(*contact, Scored::Main, (before, after), begun);
                if before != after {
                    self.marked(request);
                }
            }
            Write::Add { segment, contacts } => self.added(*segment, contacts),
            Write::Email { email, contact } => {
                if let Some(firings) = self.firings.as_ref().filter(|_| after > before) {
                    firings.emailed(*email, *contact);
                }
            }
            Write::Remove { .. } | Write::Edit { .. } | Write::Other => {}
        }
    }

    /// Mautic logged main points that it did not add.
    pub(crate) fn swallowed(&self, write: &Write) {
        if let Write::Points {
            contact,
            how,
            points,
        } = write
        {
            let sign = if how == "minus" { -1 } else { 1 };
            self.oracle().swallowed(*contact, sign * points);
        }
    }

    /// An id that was merged away before the step began is known to be no one's own.
    fn merged_away(&self, write: &Write, begun: u64) {
        for contact in write.contacts() {
            let merged = self.oracle().merged_in(contact);
            let misled = self.misled.load(Ordering::Relaxed) == begun;
            if merged.is_some_and(|merged| merged < begun) && !misled {
                self.wrong(
                    contact,
                    format!("written to the merged-away id {contact}: {write:?}"),
                );
            }
        }
    }

    fn overshoot(&self, contact: u64, of: Scored, (before, after): (i64, i64), begun: u64) {
        let (highest, given) = {
            let oracle = self.oracle();
            let given = oracle.given_since(contact, of, begun);
            (oracle.highest(contact, of), given)
        };
        if after <= (highest + given).max(before) {
            return;
        }
        let kept = match of {
            Scored::Main => -self
                .oracle()
                .may_miss(contact)
                .first()
                .copied()
                .unwrap_or(0),
            Scored::Topic(_) | Scored::Quiet => 0,
        };
        if kept > 0 && after <= highest + given + kept {
            self.diary.count(
                "not promised",
                "main points logged, not taken, found out by nobody",
            );
        } else if self
            .oracle()
            .merged_in(contact)
            .is_some_and(|merged| merged >= begun)
        {
            // A call on its way can't be called back (docs/guarantees.md).
            self.diary.count(
                "not promised",
                "on its way when Mautic merged, too high for a while",
            );
        } else {
            self.wrong(contact, format!(
                "{of:?} of contact {contact} was {before} and is {after}; more than {highest} was never true"
            ));
        }
    }

    fn added(&self, segment: u64, contacts: &[u64]) {
        if let Some(firings) = &self.firings {
            for contact in contacts {
                firings.added(segment, *contact);
            }
        }
        let topic = self
            .topics
            .iter()
            .position(|topic| topic.segment == segment);
        let Some(topic) = topic else { return };
        for contact in contacts {
            let highest = self.oracle().highest(*contact, Scored::Topic(topic));
            if highest < super::oracle::rules::ENTER {
                self.wrong(*contact, format!(
                    "contact {contact} is added to segment {segment} and never had more than {highest}"
                ));
            }
        }
    }

    fn marked(&self, request: &Request) {
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let Some(marker) = body["actionName"].as_str() else {
            return self.diary.wrong("an addition without a marker");
        };
        let mut markers = self.markers.lock().unwrap_or_else(PoisonError::into_inner);
        let times = markers.entry(marker.to_owned()).or_default();
        *times += 1;
        if *times > 1 {
            self.diary
                .wrong(format!("the addition {marker} took effect {times} times"));
        }
    }

    fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
