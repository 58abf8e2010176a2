//! Contacts: read one, many by id, all, and those that changed; edit one.

use super::budget::Priority;
use super::request::{Filter, Request, Test};
use super::wire::{Contact, Membership, Page, entity};
use super::{Client, Error};
use crate::domain::{ContactId, UserId};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Most contacts asked for in one page: a page of 500 takes Mautic more than half a second.
pub const MAX_CONTACTS: u32 = 500;

/// What Mautic answers for a contact's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContactAnswer {
    /// The contact.
    Found(Box<Contact>),
    /// The id was merged away; this contact won and answers in its place (FACTS 93).
    Merged(Box<Contact>),
    /// The contact was deleted, or never was.
    Gone,
}

/// Which contacts to list: always by id, so that paging misses none while others change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactsQuery {
    /// Only ids above this one; `None` = from the first.
    pub after: Option<ContactId>,
    /// Contacts on the page, 1 to [`MAX_CONTACTS`].
    pub limit: u32,
    /// With owner, stage, tags and do-not-contact; twice as slow for Mautic.
    pub full: bool,
    /// Only contacts edited at or after this moment. Never edited ones are not among them, and
    /// segments, group scores and emails do not count as edits (FACTS 120).
    pub modified_since: Option<Timestamp>,
    /// Only contacts made at or after this moment: a new contact has no date of edit.
    pub added_since: Option<Timestamp>,
}

impl ContactsQuery {
    fn filters(&self) -> Vec<Filter> {
        let after = self.after.map(|id| Filter::new("id", Test::Gt, id));
        let modified = self
            .modified_since
            .map(|at| Filter::at("date_modified", Test::Gte, at));
        let added = self
            .added_since
            .map(|at| Filter::at("date_added", Test::Gte, at));
        [after, modified, added].into_iter().flatten().collect()
    }
}

/// Changes of a contact; what is not named stays (FACTS 115, 118).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPatch {
    /// Tags it gets, by name.
    pub add_tags: Vec<String>,
    /// Tags it loses, by name; those it has not are passed over.
    pub remove_tags: Vec<String>,
    /// Its owner.
    pub owner: Option<UserId>,
    /// Fields by alias. A number nearer to 0 than 1 is thrown away by Mautic, whatever kind the field
    /// is of (`Api/CustomFieldsApiControllerTrait.php`).
    pub fields: Vec<(String, String)>,
    /// Fields to be emptied, by alias.
    pub empty: Vec<String>,
}

impl ContactPatch {
    fn body(&self) -> Value {
        let mut body = Map::new();
        for (alias, value) in &self.fields {
            body.insert(alias.clone(), json!(value));
        }
        for alias in &self.empty {
            body.insert(alias.clone(), Value::Null);
        }
        if !self.empty.is_empty() {
            // Empties what is named and null, nothing else (measured).
            body.insert("overwriteWithBlank".to_owned(), json!(true));
        }
        if let Some(owner) = self.owner {
            body.insert("owner".to_owned(), json!(owner));
        }
        let removed = self.remove_tags.iter().map(|tag| format!("-{tag}"));
        let tags: Vec<String> = self.add_tags.iter().cloned().chain(removed).collect();
        if !tags.is_empty() {
            body.insert("tags".to_owned(), json!(tags));
        }
        Value::Object(body)
    }
}

impl Client {
    /// Changes a contact and returns it as Mautic holds it then. Idempotent.
    ///
    /// One contact at a time, because a batch writes back stale points (FACTS 117). A merged-away
    /// id changes the winner, who is then answered (FACTS 94). What Mautic did not take over it does
    /// not refuse: unknown fields, and 0 for a number field (FACTS 111, 115); compare the answer.
    ///
    /// # Errors
    /// [`Error`]; status 400 for an unknown owner or a value that the field does not accept, 422 for
    /// one that must be unique and is not (FACTS 116, 118, N9).
    pub async fn edit_contact(
        &self,
        id: ContactId,
        patch: &ContactPatch,
        priority: Priority,
    ) -> Result<Contact, Error> {
        let request = Request::patch("/api/contacts/{id}/edit", priority)
            .with(id)
            .json(patch.body());
        self.one(request, "contact").await
    }

    /// What Mautic knows of this id (FACTS 93). [`ContactAnswer::Gone`] only when Mautic's API
    /// itself says so, not on any 404 on the way.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn contact(&self, id: ContactId, priority: Priority) -> Result<ContactAnswer, Error> {
        let request = Request::get("/api/contacts/{id}", priority).with(id);
        let with_id = |answer| match entity::<Contact>(answer, "contact")? {
            Contact { id: None, .. } => Err("the contact has no id".to_owned()),
            contact => Ok(contact),
        };
        let contact = match self.read(request, with_id).await {
            Err(error) if error.is_not_found() => return Ok(ContactAnswer::Gone),
            answer => answer?,
        };
        Ok(match contact.id {
            Some(same) if same == id => ContactAnswer::Found(Box::new(contact)),
            _ => ContactAnswer::Merged(Box::new(contact)),
        })
    }

    /// One page of contacts by id (FACTS 110, 120). The page after it begins after the last id;
    /// a page shorter than the limit is the last one.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn contacts(
        &self,
        query: &ContactsQuery,
        priority: Priority,
    ) -> Result<Page<Contact>, Error> {
        let request = Request::get("/api/contacts", priority)
            .filters(&query.filters())
            .query("orderBy", "id")
            .query("orderByDir", "asc")
            .query("limit", query.limit.clamp(1, MAX_CONTACTS));
        let request = if query.full {
            request
        } else {
            request.query("minimal", 1)
        };
        self.page(request, "contacts").await
    }

    /// Those of these contacts that exist under their own id: deleted and merged-away ids are
    /// missing (FACTS 94). The cheapest way to learn that many ids are still their own.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn contacts_by_ids(
        &self,
        ids: &[ContactId],
        full: bool,
        priority: Priority,
    ) -> Result<Vec<Contact>, Error> {
        let mut found = Vec::with_capacity(ids.len());
        for some in ids.chunks(MAX_CONTACTS as usize / 5) {
            let request = Request::get("/api/contacts", priority)
                .filters(&[Filter::one_of("id", some)])
                .query("limit", some.len());
            let request = if full {
                request
            } else {
                request.query("minimal", 1)
            };
            let page: Page<Contact> = self.page(request, "contacts").await?;
            found.extend(page.items);
        }
        Ok(found)
    }

    /// The segments a contact is in (FACTS 132).
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such contact. A merged-away id
    /// answers with the winner's segments (FACTS 94).
    pub async fn contact_segments(
        &self,
        id: ContactId,
        priority: Priority,
    ) -> Result<Vec<Membership>, Error> {
        let request = Request::get("/api/contacts/{id}/segments", priority).with(id);
        let page: Page<Membership> = self.page(request, "lists").await?;
        let is_member = |membership: &Membership| !membership.manually_removed;
        Ok(page.items.into_iter().filter(is_member).collect())
    }
}
