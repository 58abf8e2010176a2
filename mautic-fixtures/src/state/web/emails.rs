//! Emails, who got them, and who opened them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::state::{Id, Stamp, Table};

/// A row of `emails`.
#[derive(Clone, Debug)]
pub struct Email {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name.
    pub name: String,
    /// Subject.
    pub subject: String,
    /// Language code.
    pub language: String,
    /// Category.
    pub category: Option<Id>,
    /// Sender's address.
    pub from_address: Option<String>,
    /// Sender's name.
    pub from_name: Option<String>,
    /// Address for answers.
    pub reply_to_address: Option<String>,
    /// Address of a blind copy.
    pub bcc_address: Option<String>,
    /// `utmSource`, `utmMedium`, `utmCampaign`, `utmContent`.
    pub utm_tags: Value,
    /// The HTML body.
    pub custom_html: Option<String>,
    /// The text body.
    pub plain_text: Option<String>,
    /// Theme.
    pub template: Option<String>,
    /// `template` or `list`.
    pub email_type: String,
    /// Start of publication.
    pub publish_up: Option<Timestamp>,
    /// End of publication.
    pub publish_down: Option<Timestamp>,
    /// Whether anybody may look at it.
    pub public_preview: bool,
    /// Contacts that opened it.
    pub read_count: i64,
    /// Contacts it was sent to.
    pub sent_count: i64,
    /// Raised by every save.
    pub revision: i64,
    /// Dynamic content blocks.
    pub dynamic_content: Value,
    /// Segments of a segment email.
    pub lists: Vec<Id>,
    /// Own headers.
    pub headers: Value,
}

/// A row of `email_stats`.
#[derive(Clone, Debug)]
pub struct EmailStat {
    /// Its id.
    pub id: Id,
    /// Email; `None` after its deletion.
    pub email: Option<Id>,
    /// Contact; `None` after its deletion.
    pub contact: Option<Id>,
    /// Segment it was sent to, for segment emails.
    pub list: Option<Id>,
    /// `ip_addresses` row of the last open.
    pub ip: Option<Id>,
    /// Address it went to.
    pub email_address: String,
    /// When it was sent.
    pub date_sent: Timestamp,
    /// When it was opened first.
    pub date_read: Option<Timestamp>,
    /// Whether it was looked at in a browser.
    pub viewed_in_browser: bool,
    /// 22 hex digits in the pixel's URL.
    pub tracking_hash: String,
    /// `api`, `campaign.event`, …
    pub source: Option<String>,
    /// Its id.
    pub source_id: Option<i64>,
    /// When it was opened last.
    pub last_opened: Option<Timestamp>,
    /// Every open.
    pub opens: Vec<OpenDetail>,
}

impl EmailStat {
    /// Whether it was opened.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.date_read.is_some()
    }
}

/// One load of the pixel.
#[derive(Clone, Debug)]
pub struct OpenDetail {
    /// When.
    pub at: Timestamp,
    /// User agent.
    pub user_agent: Option<String>,
    /// Whether it was the web view.
    pub in_browser: bool,
}

/// `email_stats` with an index by tracking hash.
#[derive(Clone, Debug, Default)]
pub struct EmailStats {
    rows: Table<EmailStat>,
    by_hash: BTreeMap<String, Id>,
}

impl EmailStats {
    /// The next id.
    pub fn take_id(&mut self) -> Id {
        self.rows.take_id()
    }

    /// Stores a row, new or changed.
    pub fn put(&mut self, stat: EmailStat) {
        self.by_hash.insert(stat.tracking_hash.clone(), stat.id);
        self.rows.put(stat.id, stat);
    }

    /// Deletes a row.
    pub fn remove(&mut self, id: Id) {
        if let Some(stat) = self.rows.remove(id) {
            self.by_hash.remove(&stat.tracking_hash);
        }
    }

    /// One row.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&EmailStat> {
        self.rows.get(id)
    }

    /// The row of a tracking hash.
    #[must_use]
    pub fn by_hash(&self, hash: &str) -> Option<&EmailStat> {
        self.by_hash.get(hash).and_then(|id| self.rows.get(*id))
    }

    /// All rows, oldest id first.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &EmailStat> {
        self.rows.values()
    }

    /// Gives all rows of a contact to another.
    pub fn move_contact(&mut self, from: Id, to: Id) {
        for stat in self
            .rows
            .values_mut()
            .filter(|stat| stat.contact == Some(from))
        {
            stat.contact = Some(to);
        }
    }

    /// The contact is gone; its emails stay.
    pub fn forget_contact(&mut self, contact: Id) {
        for stat in self
            .rows
            .values_mut()
            .filter(|stat| stat.contact == Some(contact))
        {
            stat.contact = None;
        }
    }

    /// The email is gone; its stats stay.
    pub fn forget_email(&mut self, email: Id) {
        for stat in self
            .rows
            .values_mut()
            .filter(|stat| stat.email == Some(email))
        {
            stat.email = None;
        }
    }
}

/// A row of `email_stats_devices`: one load of a pixel by a contact's device.
#[derive(Clone, Debug)]
pub struct EmailOpen {
    /// Its id.
    pub id: Id,
    /// Device.
    pub device: Option<Id>,
    /// `email_stats` row.
    pub stat: Id,
    /// `ip_addresses` row.
    pub ip: Id,
    /// When.
    pub date_opened: Timestamp,
}
