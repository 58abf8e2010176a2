//! The dispatcher's Mautic, by REST.

use super::mautic::{Answered, CallError, GroupWrite, Identity, MauticWrites, PointsWrite};
use crate::clock::Clock;
use crate::domain::{ContactId, GroupId, SegmentId, Urgency};
use crate::mautic::retry::{self, Retry};
use crate::mautic::{Client, ContactAnswer, Error, LoggedPoints, Lost, Marker, Note, Priority};
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

/// Pause after an answer that makes no sense to repeat soon: wrong login, a maintenance page.
const GIVEN_UP: Duration = Duration::from_mins(1);

/// Writes through a [`Client`].
#[derive(Debug, Clone)]
pub struct ClientWrites {
    /// Mautic.
    pub client: Client,
    /// Tells the time of the next attempt.
    pub clock: Arc<dyn Clock>,
    /// Longest time that Mautic may go on with a request after nobody waits for its answer.
    pub longest_request: Duration,
}

impl ClientWrites {
    /// A write that failed. Only what one of Mautic's own controllers refused is given up: a proxy
    /// or a maintenance page may answer anything for a while.
    fn write_error(&self, error: &Error, attempt: u32) -> CallError {
        if error.is_contact_not_found() {
            return CallError::NoContact(error.to_string());
        }
        let refused = matches!(
            error,
            Error::Status {
                status: 400..500,
                from_api: true,
                ..
            }
        );
        match self.decide(error, attempt) {
            Retry::GiveUp(retry::Reason::Refused) if refused => CallError::Refused {
                what: words(error),
                status: status(error),
            },
            decision => self.again(error, decision, error.may_have_been_applied()),
        }
    }

    /// Adding points that failed. A 400 tells nothing: a failing webhook can break the answer
    /// after the work was done (FACTS N1).
    fn add_error(&self, error: &Error, attempt: u32) -> CallError {
        match error {
            Error::Status { status: 400, .. } => self.again(error, Retry::Unknown, true),
            _ => self.write_error(error, attempt),
        }
    }

    /// A read that failed: nothing was written, and it is tried again in any case.
    fn read_error(&self, error: &Error, attempt: u32) -> CallError {
        if error.is_contact_not_found() {
            return CallError::NoContact(error.to_string());
        }
        self.again(error, self.decide(error, attempt), false)
    }

    fn decide(&self, error: &Error, attempt: u32) -> Retry {
        let attempt = retry::Attempt {
            number: attempt.saturating_add(1),
            idempotent: true,
            deadline: None,
        };
        retry::decide(
            &WRITES,
            attempt,
            &error.outcome(),
            self.client.fraction(),
            self.clock.now(),
        )
    }

    fn again(&self, error: &Error, decision: Retry, maybe_applied: bool) -> CallError {
        let pause = match decision {
            Retry::After(pause) => pause,
            Retry::Unknown => WRITES.first_pause,
            // Somebody has to mend it, or it passes; until then everything waits.
            Retry::GiveUp(_) => GIVEN_UP,
        };
        CallError::Again {
            what: words(error),
            status: status(error),
            not_before: later(self.clock.now(), pause),
            maybe_applied,
            unsettled_until: may_run_on(error)
                .then(|| later(self.clock.now(), self.longest_request)),
        }
    }
}

/// Whether Mautic may still be at it: nobody waited for its answer, or a proxy gave one first.
fn may_run_on(error: &Error) -> bool {
    match error {
        Error::Transport { lost, .. } => *lost != Lost::NotConnected,
        Error::Status {
            status, from_api, ..
        } => !from_api && matches!(status, 408 | 499 | 502..=504 | 520..),
        _ => false,
    }
}

pub(super) fn words(error: &Error) -> String {
    format!("{error}. {}", error.hint())
}

#[async_trait::async_trait]
impl MauticWrites for ClientWrites {
    fn there(&self, here: Timestamp) -> Timestamp {
        self.client.there(here)
    }

    async fn identities(
        &self,
        contacts: &[ContactId],
        attempt: u32,
        urgency: Urgency,
    ) -> Result<BTreeMap<ContactId, Identity>, CallError> {
        let priority = priority(urgency);
        let found = self.client.contacts_by_ids(contacts, false, priority).await;
        let found = found.map_err(|error| self.read_error(&error, attempt))?;
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
                    Err(error) => return Err(self.read_error(&error, attempt)),
                }
            };
            identities.insert(contact, identity);
        }
        Ok(identities)
    }

    async fn group_scores(
        &self,
        contact: ContactId,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<BTreeMap<GroupId, i32>, CallError> {
        let scores = self.client.group_scores(contact, priority(urgency)).await;
        let scores = scores.map_err(|error| self.read_error(&error, attempt))?;
        let score = |score: i64| i32::try_from(score).unwrap_or(i32::MAX);
        Ok(scores
            .into_iter()
            .map(|row| (row.group.id, score(row.score)))
            .collect())
    }

    async fn set_group_score(&self, write: GroupWrite<'_>) -> Result<Answered<i32>, CallError> {
        let refused = |error: Error| self.write_error(&error, write.attempt);
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

    async fn main_points(
        &self,
        contact: ContactId,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<i64, CallError> {
        let answer = self.client.contact(contact, priority(urgency)).await;
        match answer.map_err(|error| self.read_error(&error, attempt))? {
            ContactAnswer::Found(found) => Ok(found.points),
            ContactAnswer::Merged(_) | ContactAnswer::Gone => Err(CallError::NoContact(format!(
                "contact {contact} was merged away or deleted"
            ))),
        }
    }

    async fn points_log(
        &self,
        contact: ContactId,
        after: u64,
        limit: u32,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<Vec<LoggedPoints>, CallError> {
        let priority = priority(urgency);
        let rows = self
            .client
            .points_log(contact, after, limit, priority)
            .await;
        rows.map_err(|error| self.read_error(&error, attempt))
    }

    async fn add_points(&self, write: PointsWrite<'_>) -> Result<Answered<Option<i64>>, CallError> {
        let note = Note {
            event: Marker::nearest(write.event_name),
            action: Marker::nearest(write.action_name),
        };
        let priority = priority(write.urgency);
        let client = &self.client;
        let answer = client
            .add_points(write.contact, write.group, write.points, &note, priority)
            .await;
        let score = answer.map_err(|error| self.add_error(&error, write.attempt))?;
        let text = score.map_or_else(|| "done".to_owned(), |score| format!("score {score}"));
        Ok(Answered {
            value: score,
            status: 200,
            text,
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
        let answer = answer.map_err(|error| self.write_error(&error, attempt))?;
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
        answer.map_err(|error| self.write_error(&error, attempt))?;
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

pub(super) fn priority(urgency: Urgency) -> Priority {
    match urgency {
        Urgency::Bulk => Priority::Bulk,
        Urgency::Fresh | Urgency::Crossing => Priority::Urgent,
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::from_hours(1));
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::ManualClock;
    use crate::mautic::budget::{Limits, LocalBudget};
    use crate::mautic::{Credentials, MemoryTokens, Parts, Settings};
    use axum::{Router, http::StatusCode, response::IntoResponse};
    use std::sync::atomic::{AtomicU16, Ordering};

    /// A server that answers everything with one status and a page that is no JSON.
    async fn maintenance(status: u16, from_mautic: bool) -> ClientWrites {
        let status = Arc::new(AtomicU16::new(status));
        let page = move || {
            let status = StatusCode::from_u16(status.load(Ordering::Relaxed)).unwrap_or_default();
            let version = if from_mautic { "5.1.1" } else { "" };
            async move {
                let body = r#"{"errors":[{"code":403,"message":"no"}]}"#;
                let body = if from_mautic {
                    body
                } else {
                    "<html>We will be back soon</html>"
                };
                let mut answer = (status, body).into_response();
                if !version.is_empty() {
                    let version = axum::http::HeaderValue::from_static(version);
                    answer.headers_mut().insert("mautic-version", version);
                }
                answer
            }
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(page);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let clock: Arc<dyn Clock> =
            Arc::new(ManualClock::new("2026-01-01T00:00:00Z".parse().unwrap()));
        let credentials = Credentials::Basic {
            user: "admin".into(),
            password: "secret".to_owned().into(),
        };
        let settings = Settings::new(format!("http://{address}/").parse().unwrap(), credentials);
        let limits = Limits {
            per_minute: 60_000,
            burst: 100,
            in_flight: 4,
        };
        let parts = Parts {
            budget: Arc::new(LocalBudget::new(limits, Arc::clone(&clock))),
            clock: Arc::clone(&clock),
            tokens: Arc::new(MemoryTokens::default()),
        };
        ClientWrites {
            client: Client::new(settings, parts).unwrap(),
            clock,
            longest_request: Duration::from_mins(2),
        }
    }

    #[tokio::test]
    async fn only_mautic_itself_can_refuse_for_good() {
        // (status, said by Mautic, is the write parked, may it have been applied)
        let table = [
            (200, false, false, true),
            (403, false, false, false),
            (404, false, false, false),
            (302, false, false, false),
            (403, true, true, false),
        ];
        for (status, from_mautic, parked, applied) in table {
            let writes = maintenance(status, from_mautic).await;
            let contact = ContactId(1);
            let error = writes
                .remove_from_segment(SegmentId(2), contact, 0, Urgency::Fresh)
                .await
                .unwrap_err();
            match error {
                CallError::Refused { .. } => assert!(parked, "{status} {from_mautic}"),
                CallError::Again { maybe_applied, .. } => {
                    assert_eq!((parked, applied), (false, maybe_applied), "{status}");
                }
                CallError::NoContact(what) => panic!("{status}: {what}"),
            }
            let read = writes
                .group_scores(contact, 0, Urgency::Fresh)
                .await
                .unwrap_err();
            assert!(
                matches!(read, CallError::Again { .. }),
                "{status}: {read:?}"
            );
        }
    }
}
