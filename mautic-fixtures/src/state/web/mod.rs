//! What belongs to the visitor side: pages, forms, assets, emails, and what visitors did with them.

mod assets;
mod devices;
mod emails;
mod forms;
mod hits;
mod pages;
mod stats;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Id, Table};
pub use assets::{Asset, Download};
pub use devices::{Device, Devices, IpAddress, IpEntity, UtmTag};
pub use emails::{Email, EmailOpen, EmailStat, EmailStats, OpenDetail};
pub use forms::{Form, FormAction, FormField, Submission};
pub use hits::{Hit, Hits};
pub use pages::{Page, Redirect, Trackable};
pub use stats::StatsRow;

/// The tables of the visitor side.
#[derive(Clone, Debug, Default)]
pub struct Web {
    /// `pages`.
    pub pages: Table<Page>,
    /// `page_hits`.
    pub hits: Hits,
    /// `page_redirects`.
    pub redirects: Table<Redirect>,
    /// `channel_url_trackables`.
    pub trackables: Vec<Trackable>,
    /// `assets`.
    pub assets: Table<Asset>,
    /// `asset_downloads`.
    pub downloads: Table<Download>,
    /// Uploaded files by the name they were given.
    pub files: BTreeMap<String, Vec<u8>>,
    /// `forms`.
    pub forms: Table<Form>,
    /// Counter of `form_fields`.
    pub form_fields: Table<()>,
    /// Counter of `form_actions`.
    pub form_actions: Table<()>,
    /// `form_submissions` with their results.
    pub submissions: Table<Submission>,
    /// `emails`.
    pub emails: Table<Email>,
    /// `email_stats`.
    pub email_stats: EmailStats,
    /// `email_stats_devices`.
    pub email_opens: Table<EmailOpen>,
    /// `lead_devices`.
    pub devices: Devices,
    /// `ip_addresses`: the same address gets another row whenever Mautic loses track of the first (SEMANTICS N/A, a13).
    pub ip_addresses: Table<IpAddress>,
    /// `lead_utmtags`.
    pub utm_tags: Table<UtmTag>,
    /// `point_lead_action_log` by (point action, contact).
    pub action_log: BTreeMap<(Id, Id), Once>,
}

/// A thing that happens once per contact: when it did, and from which address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    /// `ip_addresses` row.
    pub ip: Id,
    /// When.
    pub fired: Timestamp,
}

impl Web {
    /// Moves everything a merge moves from the loser to the winner (FACTS 97).
    pub fn merge_contact(&mut self, loser: Id, winner: Id) {
        self.hits.move_contact(loser, winner);
        for download in self
            .downloads
            .values_mut()
            .filter(|row| row.contact == Some(loser))
        {
            download.contact = Some(winner);
        }
        for submission in self
            .submissions
            .values_mut()
            .filter(|row| row.contact == Some(loser))
        {
            submission.contact = Some(winner);
        }
        self.email_stats.move_contact(loser, winner);
        self.devices.move_contact(loser, winner);
        let moved: Vec<((Id, Id), Once)> = self
            .action_log
            .iter()
            .filter(|((_, contact), _)| *contact == loser)
            .map(|(key, once)| (*key, *once))
            .collect();
        for ((point, _), once) in moved {
            self.action_log.remove(&(point, loser));
            self.action_log.entry((point, winner)).or_insert(once);
        }
    }

    /// What deleting a contact does here: activities stay without a contact, devices and logs go (SEMANTICS 7).
    pub fn forget_contact(&mut self, contact: Id) {
        self.hits.forget_contact(contact);
        for download in self
            .downloads
            .values_mut()
            .filter(|row| row.contact == Some(contact))
        {
            download.contact = None;
        }
        for submission in self
            .submissions
            .values_mut()
            .filter(|row| row.contact == Some(contact))
        {
            submission.contact = None;
        }
        self.email_stats.forget_contact(contact);
        let devices = self.devices.forget_contact(contact);
        self.hits.forget_devices(&devices);
        self.email_opens
            .retain(|open| !open.device.is_some_and(|device| devices.contains(&device)));
        self.utm_tags.retain(|tag| tag.contact != contact);
        self.action_log.retain(|(_, of), _| *of != contact);
    }

    /// What deleting a point action does here: its log goes, so a twin pays again (SEMANTICS 1).
    pub fn forget_point_action(&mut self, point: Id) {
        self.action_log.retain(|(of, _), _| *of != point);
    }
}
