//! Devices, addresses and campaign tags of visitors.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::state::{Id, Table};
use crate::visitor::device_detection::Detected;

/// A row of `lead_devices`.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its id.
    pub id: Id,
    /// Owner.
    pub contact: Id,
    /// When it was seen first.
    pub date_added: Timestamp,
    /// What the user agent told.
    pub detected: Detected,
    /// 23 of [a-z0-9], the browser's cookie.
    pub tracking_id: String,
}

/// `lead_devices` with indexes by cookie and by owner.
#[derive(Clone, Debug, Default)]
pub struct Devices {
    rows: Table<Device>,
    by_tracking_id: BTreeMap<String, Id>,
    by_contact: BTreeMap<Id, Vec<Id>>,
}

impl Devices {
    /// Stores a new device.
    pub fn insert_with(&mut self, make: impl FnOnce(Id) -> Device) -> Id {
        let id = self.rows.take_id();
        let device = make(id);
        self.by_tracking_id.insert(device.tracking_id.clone(), id);
        self.by_contact.entry(device.contact).or_default().push(id);
        self.rows.put(id, device);
        id
    }

    /// One device.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&Device> {
        self.rows.get(id)
    }

    /// All devices, oldest id first.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &Device> {
        self.rows.values()
    }

    /// The device of a cookie.
    #[must_use]
    pub fn by_tracking_id(&self, tracking_id: &str) -> Option<&Device> {
        self.by_tracking_id
            .get(tracking_id)
            .and_then(|id| self.rows.get(*id))
    }

    /// A contact's devices, oldest id first.
    pub fn of_contact(&self, contact: Id) -> impl Iterator<Item = &Device> {
        self.by_contact
            .get(&contact)
            .into_iter()
            .flatten()
            .filter_map(|id| self.rows.get(*id))
    }

    /// Gives all devices of a contact to another.
    pub fn move_contact(&mut self, from: Id, to: Id) {
        let moved = self.by_contact.remove(&from).unwrap_or_default();
        for id in &moved {
            if let Some(device) = self.rows.get_mut(*id) {
                device.contact = to;
            }
        }
        let of_new = self.by_contact.entry(to).or_default();
        of_new.extend(moved);
        of_new.sort_unstable();
    }

    /// Deletes a contact's devices; the ids that are gone.
    pub fn forget_contact(&mut self, contact: Id) -> Vec<Id> {
        let gone = self.by_contact.remove(&contact).unwrap_or_default();
        for id in &gone {
            if let Some(device) = self.rows.remove(*id) {
                self.by_tracking_id.remove(&device.tracking_id);
            }
        }
        gone
    }
}

/// A row of `ip_addresses`.
#[derive(Clone, Debug)]
pub struct IpAddress {
    /// Its id.
    pub id: Id,
    /// The address.
    pub address: String,
}

/// The entity of the address a request comes from: found once, kept for the whole request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IpEntity {
    /// Row it was read from.
    pub found: Id,
    /// First row it was stored again as in this request.
    pub first_copy: Option<Id>,
    /// Row it stands for now.
    pub now: Id,
    /// Whether Doctrine has let go of it.
    pub detached: bool,
}

impl IpEntity {
    /// An entity just read.
    #[must_use]
    pub fn found(id: Id) -> Self {
        Self {
            found: id,
            first_copy: None,
            now: id,
            detached: false,
        }
    }
}

/// A row of `lead_utmtags`.
#[derive(Clone, Debug)]
pub struct UtmTag {
    /// Its id.
    pub id: Id,
    /// Contact.
    pub contact: Id,
    /// When.
    pub date_added: Timestamp,
    /// Query of the hit.
    pub query: Value,
    /// Where the visitor came from.
    pub referer: Option<String>,
    /// User agent.
    pub user_agent: Option<String>,
    /// URL of the hit.
    pub url: Option<String>,
    /// `utm_campaign`, `utm_content`, `utm_medium`, `utm_source`, `utm_term`.
    pub tags: [Option<String>; 5],
}
