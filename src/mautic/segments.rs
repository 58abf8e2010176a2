//! Segments and their members.

use super::budget::Priority;
use super::request::Request;
use super::wire::{Segment, flag};
use super::{Client, Error};
use crate::domain::{ContactId, SegmentId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Most contacts added to a segment by one call (Mautic's own limit of a batch, FACTS 112).
pub const MAX_SEGMENT_BATCH: usize = 200;

/// What became of the contacts of a batch (FACTS 94, 130, N11).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SegmentAdd {
    /// Members now, asked for under this id. Those that were members before are among them.
    pub added: BTreeSet<ContactId>,
    /// Mautic knows no such contact.
    pub failed: BTreeSet<ContactId>,
    /// Asked for, but Mautic did not name them: merged away, their winners were added instead.
    pub unnamed: BTreeSet<ContactId>,
    /// Added without having been asked for: the winners of merged-away ids.
    pub winners: BTreeSet<ContactId>,
}

impl SegmentAdd {
    fn read(answer: &Value, asked: &[ContactId]) -> Result<Self, String> {
        let details = match answer.get("details") {
            Some(Value::Object(details)) => details,
            other => return Err(format!("\"details\" is {other:?}")),
        };
        let mut result = Self::default();
        let mut unnamed: BTreeSet<_> = asked.iter().copied().collect();
        for (id, outcome) in details {
            let id: ContactId = id.parse().map_err(|_| format!("\"{id}\" is no id"))?;
            let asked = unnamed.remove(&id);
            let success = outcome.get("success").is_some_and(flag);
            match (success, asked) {
                (true, true) => result.added.insert(id),
                (true, false) => result.winners.insert(id),
                (false, _) => result.failed.insert(id),
            };
        }
        result.unnamed = unnamed;
        Ok(result)
    }
}

impl Client {
    /// All segments, unpublished ones too, with their filters.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn segments(&self, priority: Priority) -> Result<Vec<Segment>, Error> {
        let request = Request::get("/api/segments", priority);
        self.all(request, "lists", 100).await
    }

    /// Makes a static, published segment. The alias is unique: a second one is refused with 400.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or refuses.
    pub async fn new_segment(
        &self,
        name: &str,
        alias: &str,
        description: &str,
        priority: Priority,
    ) -> Result<Segment, Error> {
        let request = Request::post("/api/segments/new", priority).json(json!({
            "name": name, "alias": alias, "description": description, "isPublished": true,
        }));
        self.one(request, "list").await
    }

    /// Adds up to [`MAX_SEGMENT_BATCH`] contacts to a segment (FACTS 130, 131, N8). Idempotent:
    /// who is a member stays one, and no webhook tells of it (FACTS 79).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Unsendable`] when there are too many; status 403 when the segment is
    /// unpublished.
    pub async fn add_to_segment(
        &self,
        segment: SegmentId,
        contacts: &[ContactId],
        priority: Priority,
    ) -> Result<SegmentAdd, Error> {
        if contacts.is_empty() {
            return Ok(SegmentAdd::default());
        }
        if contacts.len() > MAX_SEGMENT_BATCH {
            return Err(Error::Unsendable(format!(
                "{} contacts for one call; at most {MAX_SEGMENT_BATCH} go at once",
                contacts.len()
            )));
        }
        let request = Request::post("/api/segments/{id}/contacts/add", priority)
            .with(segment)
            .json(json!({"ids": contacts}));
        self.read(request, |answer| SegmentAdd::read(&answer, contacts))
            .await
    }

    /// Takes a contact out of a segment; there is no batch for it (FACTS 130). Idempotent: who
    /// is no member stays none (FACTS 79).
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such contact or segment; status 403
    /// when the segment is unpublished.
    pub async fn remove_from_segment(
        &self,
        segment: SegmentId,
        contact: ContactId,
        priority: Priority,
    ) -> Result<(), Error> {
        let request = Request::post("/api/segments/{id}/contact/{contact}/remove", priority)
            .with(segment)
            .with(contact);
        self.read(request, |answer| {
            let done = answer.get("success").is_some_and(flag);
            done.then_some(())
                .ok_or_else(|| "no success in it".to_owned())
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<const N: usize>(ids: [u32; N]) -> BTreeSet<ContactId> {
        ids.map(ContactId).into()
    }

    #[test]
    fn batch_answers_tell_winners_from_strangers() {
        // As recorded: 28 was merged into 27, 99999 never was.
        let answer = json!({"success": 1, "details": {
            "27": {"success": true}, "99999": {"success": false}, "37": {"success": true}}});
        let asked = [28, 99999, 37].map(ContactId);
        let expected = SegmentAdd {
            added: ids([37]),
            failed: ids([99999]),
            unnamed: ids([28]),
            winners: ids([27]),
        };
        assert_eq!(SegmentAdd::read(&answer, &asked), Ok(expected));
    }

    #[test]
    fn an_answer_that_added_nothing_is_no_success() {
        // Mautic's answer to a body it did not understand (FACTS N8).
        let answer = json!({"success": 1, "details": []});
        assert!(SegmentAdd::read(&answer, &[ContactId(1)]).is_err());
    }
}
