//! Mautic's points log of one contact, and adding points that show up in it.

use super::budget::Priority;
use super::groups::Note;
use super::request::{Filter, Request, Test};
use super::stats::StatsQuery;
use super::wire::{GroupScore, StatsRow, entity, naive_utc};
use super::{Client, Error};
use crate::domain::{ContactId, GroupId};
use jiff::Timestamp;
use serde_json::{Value, json};

/// A row of `lead_points_change_log`, as far as a writer needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedPoints {
    /// Row id.
    pub id: u64,
    /// Point group; `None` for main points.
    pub group: Option<GroupId>,
    /// As logged: without a sign where the API took main points away (FACTS 56).
    pub delta: i64,
    /// `API`, `url`, `campaign`, …
    pub log_type: String,
    /// Event name.
    pub event_name: String,
    /// Action name: our mark, if the row is ours.
    pub action_name: String,
    /// When it was made, by Mautic's clock, to the second.
    pub at: Option<Timestamp>,
}

impl LoggedPoints {
    fn read(row: &StatsRow) -> Option<Self> {
        let text = |column: &str| row.get(column).cloned().unwrap_or_default();
        Some(Self {
            id: row.get("id")?.parse().ok()?,
            group: match row.get("group_id") {
                Some(id) => Some(GroupId(id.parse().ok()?)),
                None => None,
            },
            delta: row.get("delta")?.parse().ok()?,
            log_type: text("type"),
            event_name: text("event_name"),
            action_name: text("action_name"),
            at: row.get("date_added").and_then(|at| naive_utc(at)),
        })
    }
}

impl Client {
    /// Rows of a contact in the points log with an id above `after`, by id, at most `limit`; of its
    /// main points and of all groups (FACTS 100, 101).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Shape`] also for errors that Mautic hides in a 200 (FACTS 102).
    pub async fn points_log(
        &self,
        contact: ContactId,
        after: u64,
        limit: u32,
        priority: Priority,
    ) -> Result<Vec<LoggedPoints>, Error> {
        let query = StatsQuery::after("lead_points_change_log", after, limit).and(Filter::new(
            "lead_id",
            Test::Eq,
            contact,
        ));
        let page = self.stats(&query, priority).await?;
        let owner = contact.to_string();
        let foreign = |row: &&StatsRow| row.get("lead_id") != Some(&owner);
        if let Some(row) = page.rows.iter().find(foreign) {
            return Err(shape(
                "the filter by contact is not heeded",
                format!("{row:?}"),
            ));
        }
        let read = |row: &StatsRow| {
            LoggedPoints::read(row).ok_or_else(|| shape("a row can't be read", format!("{row:?}")))
        };
        page.rows.iter().map(read).collect()
    }

    /// Adds points to a contact's main points (`group: None`) or to its score in a group; negative
    /// ones are taken away. Returns the group's new score; of main points Mautic does not tell it
    /// (FACTS 20, 54).
    ///
    /// Not idempotent: `note.action` has to tell this call from all others, so that its row in the
    /// log tells afterwards whether it took effect. A 400 or 500 may have taken effect (FACTS 22,
    /// 45, N1). A merged-away id changes the winner, unnoticed (FACTS 25): know the contact first.
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such contact or group (FACTS 24);
    /// status 403 when the role may not edit contacts (FACTS 34).
    pub async fn add_points(
        &self,
        contact: ContactId,
        group: Option<GroupId>,
        points: i32,
        note: &Note,
        priority: Priority,
    ) -> Result<Option<i64>, Error> {
        let operator = if points < 0 { "minus" } else { "plus" };
        let request = match group {
            None => {
                let path = "/api/contacts/{id}/points/{operator}/{points}";
                Request::post(path, priority).with(contact)
            }
            Some(group) => {
                let path = "/api/contacts/{id}/points/groups/{group}/{operator}/{points}";
                Request::post(path, priority).with(contact).with(group)
            }
        };
        let request = request
            .with(operator)
            .with(points.unsigned_abs())
            .json(json!({"eventName": note.event.as_str(), "actionName": note.action.as_str()}));
        self.read(request, |answer| match group {
            Some(_) => entity::<GroupScore>(answer, "groupScore").map(|score| Some(score.score)),
            None => done(&answer).map(|()| None),
        })
        .await
    }
}

fn done(answer: &Value) -> Result<(), String> {
    let done = answer.get("success").and_then(Value::as_i64) == Some(1)
        || answer.get("success").and_then(Value::as_bool) == Some(true);
    done.then_some(())
        .ok_or_else(|| "no \"success\" in it".to_owned())
}

fn shape(problem: &str, excerpt: String) -> Error {
    Error::Shape {
        call: super::error::Call {
            method: "GET",
            path: "/api/stats/lead_points_change_log",
        },
        problem: problem.to_owned(),
        excerpt,
    }
}
