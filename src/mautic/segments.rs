//! Segments and their members.

use super::budget::Priority;
use super::request::{Filter, Request};
use super::stats::{MAX_ROWS, StatsQuery};
use super::wire::{Segment, StatsPage, StatsRow, flag};
use super::{Client, Error};
use crate::domain::{ContactId, SegmentId};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Most contacts added to a segment by one call (Mautic's own limit of a batch, FACTS 112).
pub const MAX_SEGMENT_BATCH: usize = 200;

/// Most contacts whose memberships are asked for by one call: their ids stand in the address.
const MAX_ASKED: usize = 100;

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

/// Contacts and segments whose rows are asked for.
#[derive(Clone, Copy)]
struct Asked<'a> {
    contacts: &'a [ContactId],
    segments: &'a [SegmentId],
}

impl Asked<'_> {
    /// At most so many rows as there are pairs: the table has one of each (FACTS 131).
    fn query(&self) -> StatsQuery {
        let pairs = self.contacts.len() * self.segments.len();
        let limit = u32::try_from(pairs).unwrap_or(MAX_ROWS);
        StatsQuery::by("lead_lists_leads", "lead_id", limit)
            .then_by("leadlist_id")
            .and(Filter::one_of("lead_id", self.contacts))
            .and(Filter::one_of("leadlist_id", self.segments))
    }

    fn members(&self, answer: Value) -> Result<BTreeSet<(ContactId, SegmentId)>, String> {
        let page = StatsPage::read(answer).map_err(|fault| fault.to_string())?;
        if page.total != page.rows.len() as u64 {
            return Err(format!("{} of {} rows", page.rows.len(), page.total));
        }
        let mut members = BTreeSet::new();
        for row in &page.rows {
            let (member, is_in) = self
                .member(row)
                .ok_or_else(|| format!("a row that was not asked for: {row:?}"))?;
            if is_in {
                members.insert(member);
            }
        }
        Ok(members)
    }

    fn member(&self, row: &StatsRow) -> Option<((ContactId, SegmentId), bool)> {
        let id = |column: &str| row.get(column)?.parse().ok();
        let contact = ContactId(id("lead_id")?);
        let segment = SegmentId(id("leadlist_id")?);
        let asked = self.contacts.contains(&contact) && self.segments.contains(&segment);
        let out = row.get("manually_removed");
        let out = out.is_some_and(|text| flag(&text.as_str().into()));
        asked.then_some(((contact, segment), !out))
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

    /// Which of these contacts are in which of these segments: the rows of `lead_lists_leads`. Who was
    /// taken out of a segment has no row, or one that says so (FACTS 131); a merged-away id has none
    /// (FACTS 97).
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked; [`Error::Shape`] when it shows other rows than those asked
    /// for, or not all of them.
    pub async fn memberships(
        &self,
        contacts: &[ContactId],
        segments: &BTreeSet<SegmentId>,
        priority: Priority,
    ) -> Result<BTreeSet<(ContactId, SegmentId)>, Error> {
        let mut members = BTreeSet::new();
        let segments: Vec<_> = segments.iter().copied().collect();
        for segments in segments.chunks(MAX_ROWS as usize / MAX_ASKED) {
            for contacts in contacts.chunks(MAX_ASKED) {
                let asked = Asked { contacts, segments };
                let read = |answer| asked.members(answer);
                members.extend(self.read(asked.query().request(priority), read).await?);
            }
        }
        Ok(members)
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
