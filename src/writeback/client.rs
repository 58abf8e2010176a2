//! The dispatcher's Mautic, by REST.

use super::mautic::{Answered, CallError, GroupWrite, Identity, MauticWrites};
use crate::clock::Clock;
use crate::domain::{ContactId, GroupId, SegmentId, Urgency};
use crate::mautic::retry::{self, Retry};
use crate::mautic::{Client, ContactAnswer, Error, Marker, Note, Priority};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::{sync::Arc, time::Duration};

/// How writes are repeated: for ever, up to a quarter of an hour apart. What is wanted stays
/// wanted until the plan says otherwise.
const WRITES: retry::Policy = retry::Policy {
    first_pause: Duration::from_secs(1),
    longest_pause: Duration::from_mins(15),
    attempts: u32::MAX,
    longest_rate_limit: Duration::from_hours(24),
};

/// Writes through a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientWrites {
    /// Mautic.
    pub client: Client,
    /// Tells the time of the next attempt.
    pub clock: Arc<dyn Clock>,
}

impl ClientWrites {
    fn error(&self, error: &Error, attempt: u32) -> CallError {
        if error.is_contact_not_found() {
            return CallError::NoContact(error.to_string());
        }
        let now = self.clock.now();
        let status = status(error);
        let attempt = retry::Attempt {
            number: attempt.saturating_add(1),
            idempotent: true,
            deadline: None,
        };
        let what = format!("{error}. {}", error.hint());
        match retry::decide(&WRITES, attempt, &error.outcome(), rand::random(), now) {
            Retry::After(pause) => CallError::Again {
                what,
                status,
                not_before: later(now, pause),
                maybe_applied: error.may_have_been_applied(),
            },
            Retry::Unknown => CallError::Again {
                what,
                status,
                not_before: later(now, WRITES.first_pause),
                maybe_applied: true,
            },
            // Somebody has to mend the login; until then everything waits.
            Retry::GiveUp(retry::Reason::Auth) => CallError::Again {
                what,
                status,
                not_before: later(now, WRITES.longest_pause),
                maybe_applied: false,
            },
            Retry::GiveUp(_) => CallError::Refused { what, status },
        }
    }
}

#[async_trait::async_trait]
impl MauticWrites for ClientWrites {
    async fn identities(
        &self,
        contacts: &[ContactId],
        urgency: Urgency,
    ) -> Result<BTreeMap<ContactId, Identity>, CallError> {
        let priority = priority(urgency);
        let found = self.client.contacts_by_ids(contacts, false, priority).await;
        let found = found.map_err(|error| self.error(&error, 0))?;
        let own: BTreeSet<_> = found.into_iter().filter_map(|contact| contact.id).collect();
        let mut identities = BTreeMap::new();
        for &contact in contacts {
            let identity = if own.contains(&contact) {
                Identity::Own
            } else {
                // Merged-away ids are in no list (FACTS 94); asked for alone, the winner answers.
                match self.client.contact(contact, priority).await {
                    Ok(ContactAnswer::Found(_)) => Identity::Own,
                    Ok(ContactAnswer::Merged(winner)) => match winner.id {
                        Some(winner) => Identity::MergedInto(winner),
                        None => Identity::Deleted,
                    },
                    Ok(ContactAnswer::Gone) => Identity::Deleted,
                    Err(error) => return Err(self.error(&error, 0)),
                }
            };
            identities.insert(contact, identity);
        }
        Ok(identities)
    }

    async fn group_scores(
        &self,
        contact: ContactId,
        urgency: Urgency,
    ) -> Result<BTreeMap<GroupId, i32>, CallError> {
        let scores = self.client.group_scores(contact, priority(urgency)).await;
        let scores = scores.map_err(|error| self.error(&error, 0))?;
        let score = |score: i64| i32::try_from(score).unwrap_or(i32::MAX);
        Ok(scores
            .into_iter()
            .map(|row| (row.group.id, score(row.score)))
            .collect())
    }

    async fn set_group_score(&self, write: GroupWrite<'_>) -> Result<Answered<i32>, CallError> {
        let refused = |error: Error| self.error(&error, write.attempt);
        let note = Note {
            event: Marker::nearest(write.event_name),
            action: Marker::nearest(write.action_name),
        };
        let priority = priority(write.urgency);
        let client = &self.client;
        let answer = client
            .set_group_score(write.contact, write.group, write.score, &note, priority)
            .await;
        let score = answer.map_err(refused)?;
        Ok(Answered {
            value: i32::try_from(score).unwrap_or(i32::MAX),
            status: 200,
            text: format!("score {score}"),
        })
    }

    async fn add_to_segment(
        &self,
        segment: SegmentId,
        contacts: &[ContactId],
        attempt: u32,
        urgency: Urgency,
    ) -> Result<Answered<Vec<ContactId>>, CallError> {
        let answer = self
            .client
            .add_to_segment(segment, contacts, priority(urgency))
            .await;
        let answer = answer.map_err(|error| self.error(&error, attempt))?;
        let text = format!("{} are members now", answer.added.len());
        Ok(Answered {
            value: answer.added.into_iter().collect(),
            status: 200,
            text,
        })
    }

    async fn remove_from_segment(
        &self,
        segment: SegmentId,
        contact: ContactId,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<Answered<()>, CallError> {
        let answer = self
            .client
            .remove_from_segment(segment, contact, priority(urgency))
            .await;
        answer.map_err(|error| self.error(&error, attempt))?;
        Ok(Answered {
            value: (),
            status: 200,
            text: "no member now".into(),
        })
    }
}

fn status(error: &Error) -> Option<u16> {
    match error {
        Error::Status { status, .. } => Some(*status),
        Error::Auth { .. } => Some(401),
        Error::RateLimited { .. } => Some(429),
        _ => None,
    }
}

fn priority(urgency: Urgency) -> Priority {
    match urgency {
        Urgency::Bulk => Priority::Bulk,
        Urgency::Fresh | Urgency::Crossing => Priority::Urgent,
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1));
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}
