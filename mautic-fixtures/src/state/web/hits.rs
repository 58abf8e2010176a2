//! Page hits with the indexes that keep long histories fast.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::state::{Id, Table};

/// A row of `page_hits`.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Its id.
    pub id: Id,
    /// Landing page.
    pub page: Option<Id>,
    /// Redirect of a clicked link.
    pub redirect: Option<Id>,
    /// Email of a clicked link.
    pub email: Option<Id>,
    /// Contact; `None` after its deletion.
    pub contact: Option<Id>,
    /// `ip_addresses` row.
    pub ip: Id,
    /// `lead_devices` row.
    pub device: Option<Id>,
    /// When.
    pub date_hit: Timestamp,
    /// When the same browser made its next hit.
    pub date_left: Option<Timestamp>,
    /// 200, or what the visitor was refused with.
    pub code: u16,
    /// Where the visitor came from.
    pub referer: Option<String>,
    /// The URL that was hit.
    pub url: Option<String>,
    /// Title of the page, escaped.
    pub url_title: Option<String>,
    /// User agent.
    pub user_agent: Option<String>,
    /// Language of the landing page.
    pub page_language: Option<String>,
    /// Languages the browser asks for.
    pub browser_languages: Vec<String>,
    /// Tracking id of the device.
    pub tracking_id: String,
    /// `email` and the like for clicks.
    pub source: Option<String>,
    /// Id of the source.
    pub source_id: Option<i64>,
    /// Query parameters, escaped.
    pub query: Value,
}

/// `page_hits`.
#[derive(Clone, Debug, Default)]
pub struct Hits {
    rows: Table<Hit>,
    by_contact: BTreeMap<Id, Vec<Id>>,
}

impl Hits {
    /// The next id.
    pub fn take_id(&mut self) -> Id {
        self.rows.take_id()
    }

    /// Stores a row, new or changed.
    pub fn put(&mut self, hit: Hit) {
        let before = self.rows.get(hit.id).and_then(|old| old.contact);
        if before != hit.contact {
            self.unlist(before, hit.id);
            self.list(hit.contact, hit.id);
        }
        self.rows.put(hit.id, hit);
    }

    /// One row.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Hit> {
        self.rows.get(id)
    }

    /// All rows, oldest id first.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Hit> {
        self.rows.values()
    }

    /// The rows of a contact, oldest id first.
    pub fn of_contact(&self, contact: Id) -> impl Iterator<Item = &Hit> {
        self.by_contact
            .get(&contact)
            .into_iter()
            .flatten()
            .filter_map(|id| self.rows.get(*id))
    }

    /// Notes that the visitor of this hit went on.
    pub fn left(&mut self, id: Id, at: Timestamp) {
        if let Some(hit) = self.rows.get_mut(id) {
            hit.date_left = Some(at);
        }
    }

    /// Gives all hits of a contact to another.
    pub fn move_contact(&mut self, from: Id, to: Id) {
        let moved = self.by_contact.remove(&from).unwrap_or_default();
        for id in &moved {
            if let Some(hit) = self.rows.get_mut(*id) {
                hit.contact = Some(to);
            }
        }
        let of_new = self.by_contact.entry(to).or_default();
        of_new.extend(moved);
        of_new.sort_unstable();
    }

    /// Gives all hits of a browser to another contact and tracking id (SEMANTICS 7).
    pub fn retrack(&mut self, old: &str, contact: Id, new: &str) {
        let of_browser: Vec<Id> = self
            .rows
            .values()
            .filter(|hit| hit.tracking_id == old)
            .map(|hit| hit.id)
            .collect();
        for id in of_browser {
            if let Some(mut hit) = self.rows.get(id).cloned() {
                hit.contact = Some(contact);
                new.clone_into(&mut hit.tracking_id);
                self.put(hit);
            }
        }
    }

    /// The contact is gone; its hits stay.
    pub fn forget_contact(&mut self, contact: Id) {
        for id in self.by_contact.remove(&contact).unwrap_or_default() {
            if let Some(hit) = self.rows.get_mut(id) {
                hit.contact = None;
            }
        }
    }

    /// Devices are gone; their hits stay.
    pub fn forget_devices(&mut self, devices: &[Id]) {
        for hit in self
            .rows
            .values_mut()
            .filter(|hit| hit.device.is_some_and(|device| devices.contains(&device)))
        {
            hit.device = None;
        }
    }

    /// A landing page is gone; its hits stay.
    pub fn forget_page(&mut self, page: Id) {
        for hit in self.rows.values_mut().filter(|hit| hit.page == Some(page)) {
            hit.page = None;
        }
    }

    /// An email is gone; its clicks stay.
    pub fn forget_email(&mut self, email: Id) {
        for hit in self
            .rows
            .values_mut()
            .filter(|hit| hit.email == Some(email))
        {
            hit.email = None;
        }
    }

    fn list(&mut self, contact: Option<Id>, id: Id) {
        if let Some(contact) = contact {
            let ids = self.by_contact.entry(contact).or_default();
            if let Err(at) = ids.binary_search(&id) {
                ids.insert(at, id);
            }
        }
    }

    fn unlist(&mut self, contact: Option<Id>, id: Id) {
        if let Some(ids) = contact.and_then(|contact| self.by_contact.get_mut(&contact)) {
            ids.retain(|listed| *listed != id);
        }
    }
}
