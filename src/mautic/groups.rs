//! Point groups (topics) and contacts' scores in them.

use super::budget::Priority;
use super::request::Request;
use super::wire::{GroupScore, Page, PointGroup, entity};
use super::{Client, Error};
use crate::domain::{ContactId, GroupId};
use serde_json::{Value, json};

/// Names written into Mautic's points log beside a score (FACTS 30 to 33).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Event name: who did it.
    pub event: Marker,
    /// Action name: for which reason; found again by a search of the log.
    pub action: Marker,
}

/// A text that Mautic stores as it is sent: 1 to 191 characters, none of `" ' < > &` nor control
/// characters, no blank at either end.
///
/// Others are escaped, and a longer one makes Mautic answer 500 after the score was changed,
/// without a row in the log (FACTS 32, 33).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marker(String);

impl Marker {
    /// Longest text in characters.
    pub const LONGEST: usize = 191;

    /// Checks a text.
    ///
    /// # Errors
    /// [`Error::Unsendable`] when it is empty, too long, or has other characters.
    pub fn new(text: impl Into<String>) -> Result<Self, Error> {
        let text = text.into();
        let fits = (1..=Self::LONGEST).contains(&text.chars().count());
        if fits && text.trim() == text && !text.contains(Self::is_changed) {
            Ok(Self(text))
        } else {
            Err(Error::Unsendable(format!(
                "\"{text}\" can't mark a row of Mautic's points log: use 1 to 191 characters, none of \" ' < > &"
            )))
        }
    }

    /// The nearest text that can be sent.
    #[must_use]
    pub fn nearest(text: &str) -> Self {
        let text: String = text
            .replace(Self::is_changed, " ")
            .chars()
            .take(Self::LONGEST)
            .collect();
        let text = text.trim();
        Self(if text.is_empty() {
            "-".to_owned()
        } else {
            text.to_owned()
        })
    }

    fn is_changed(c: char) -> bool {
        matches!(c, '"' | '\'' | '<' | '>' | '&') || c.is_control()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Client {
    /// All point groups, unpublished ones too.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn point_groups(&self, priority: Priority) -> Result<Vec<PointGroup>, Error> {
        let request = Request::get("/api/points/groups", priority);
        self.all(request, "pointGroups", 100).await
    }

    /// The first point group with exactly this name.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn point_group_by_name(
        &self,
        name: &str,
        priority: Priority,
    ) -> Result<Option<PointGroup>, Error> {
        let groups = self.point_groups(priority).await?;
        Ok(groups.into_iter().find(|group| group.name == name))
    }

    /// Makes a point group. Mautic drops HTML tags from the name (FACTS 28) and does not mind
    /// two groups of one name: not to be repeated blindly.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or refuses.
    pub async fn new_point_group(
        &self,
        name: &str,
        description: &str,
        priority: Priority,
    ) -> Result<PointGroup, Error> {
        let request = Request::post("/api/points/groups/new", priority)
            .json(json!({"name": name, "description": description}));
        self.one(request, "pointGroup").await
    }

    /// A contact's scores; groups it never scored in are missing (FACTS 26).
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such contact. A merged-away id
    /// answers with the winner's scores (FACTS 25).
    pub async fn group_scores(
        &self,
        contact: ContactId,
        priority: Priority,
    ) -> Result<Vec<GroupScore>, Error> {
        let request = Request::get("/api/contacts/{id}/points/groups", priority).with(contact);
        let page: Page<GroupScore> = self.page(request, "groupScores").await?;
        Ok(page.items)
    }

    /// A contact's score in one group; `None` when it never scored there: Mautic then answers
    /// `[]` (FACTS 26).
    ///
    /// # Errors
    /// As [`Client::group_scores`]; also not found when there is no such group (FACTS 24).
    pub async fn group_score(
        &self,
        contact: ContactId,
        group: GroupId,
        priority: Priority,
    ) -> Result<Option<i64>, Error> {
        let request = Request::get("/api/contacts/{id}/points/groups/{group}", priority)
            .with(contact)
            .with(group);
        self.read(request, |answer| match answer {
            Value::Array(list) if list.is_empty() => Ok(None),
            answer => score(answer).map(Some),
        })
        .await
    }

    /// Sets a contact's score in a group and returns the score Mautic has now (FACTS 20 to 34).
    ///
    /// Idempotent. Evaluates Mautic's point triggers, also when nothing changes (FACTS 29, 43).
    /// A merged-away id writes to the winner, unnoticed (FACTS 25): know the contact first.
    /// A 500 may mean that the score is stored and its row in the log is not (FACTS 22, 45).
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such contact or group (FACTS 24);
    /// status 403 when the role may not edit contacts (FACTS 34).
    pub async fn set_group_score(
        &self,
        contact: ContactId,
        group: GroupId,
        value: i32,
        note: &Note,
        priority: Priority,
    ) -> Result<i64, Error> {
        let path = "/api/contacts/{id}/points/groups/{group}/set/{value}";
        let request = Request::post(path, priority)
            .with(contact)
            .with(group)
            .with(value)
            .json(json!({"eventName": note.event.0, "actionName": note.action.0}));
        self.read(request, score).await
    }
}

fn score(answer: Value) -> Result<i64, String> {
    entity::<GroupScore>(answer, "groupScore").map(|score| score.score)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    #[test]
    fn markers_are_stored_as_sent_or_refused() {
        for good in [
            "topicscore",
            "run-2026-05-01T10:00:00Z#42",
            "Öfen 62; newest: +5 \u{2600}",
            &"ü".repeat(191),
        ] {
            assert_eq!(Marker::new(good).unwrap().as_str(), good);
            assert_eq!(Marker::nearest(good).as_str(), good);
        }
        for bad in ["", " ", "a ", "a\nb", "a&b", "a\"", "<b>", &"x".repeat(192)] {
            assert!(
                Marker::new(Marker::nearest(bad).as_str()).is_ok(),
                "nearest to {bad}"
            );
            assert!(Marker::new(bad).is_err(), "{bad}");
        }
    }
}
