//! Campaigns, who is in them, and what they did.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::{Id, Stamp, Table};

/// A row of `campaigns` with its events and sources.
#[derive(Clone, Debug, Default)]
pub struct Campaign {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name without markup.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Whether a contact that left may run through it again.
    pub allow_restart: bool,
    /// In use from then on.
    pub publish_up: Option<Timestamp>,
    /// In use until then.
    pub publish_down: Option<Timestamp>,
    /// Its events in the order of their ids.
    pub events: Vec<CampaignEvent>,
    /// Segments whose members it takes in.
    pub lists: Vec<Id>,
    /// Layout of the builder, with the events' ids in it.
    pub canvas: Value,
}

impl Campaign {
    /// Whether it runs at this moment.
    #[must_use]
    pub fn runs_at(&self, now: Timestamp) -> bool {
        self.stamp.is_published
            && self.publish_up.is_none_or(|up| up <= now)
            && self.publish_down.is_none_or(|down| down >= now)
    }
}

/// A row of `campaign_events`.
#[derive(Clone, Debug, Default)]
pub struct CampaignEvent {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// The id the request gave it (`new1`), for the layout and for parents.
    pub sent_id: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// `lead.changetags`, `email.send`, …
    pub kind: String,
    /// `action`, `condition` or `decision`.
    pub event_type: String,
    /// Position.
    pub order: i64,
    /// Settings of the action.
    pub properties: Value,
    /// `immediate`, `interval` or `date`.
    pub trigger_mode: Option<String>,
    /// When, in mode `date`.
    pub trigger_date: Option<Timestamp>,
    /// How many units later, in mode `interval`.
    pub trigger_interval: Option<i64>,
    /// `i`, `h`, `d`, `m` or `y`.
    pub trigger_interval_unit: Option<String>,
    /// `yes` or `no` below a decision or condition.
    pub decision_path: Option<String>,
    /// The event it follows.
    pub parent: Option<Id>,
}

/// A row of `campaign_leads`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// When the contact came in first.
    pub added: Timestamp,
    /// Out again.
    pub manually_removed: bool,
    /// Put in by a person or the API.
    pub manually_added: bool,
    /// When a segment or an action took it out.
    pub last_exited: Option<Timestamp>,
    /// How often it came in.
    pub rotation: u32,
}

/// A row of `campaign_lead_event_log`.
#[derive(Clone, Debug)]
pub struct CampaignLogRow {
    /// The campaign.
    pub campaign: Id,
    /// The event.
    pub event: Id,
    /// The contact.
    pub contact: Id,
    /// The contact's rotation then.
    pub rotation: u32,
    /// When it was done; none while scheduled.
    pub date_triggered: Option<Timestamp>,
    /// Whether it still waits.
    pub is_scheduled: bool,
    /// What it waits for.
    pub trigger_date: Option<Timestamp>,
}

/// All there is of campaigns.
#[derive(Clone, Debug, Default)]
pub struct Campaigns {
    /// `campaigns`.
    pub table: Table<Campaign>,
    /// Ids of `campaign_events`.
    pub event_ids: Table<()>,
    /// `campaign_leads` by (campaign, contact).
    pub members: BTreeMap<(Id, Id), Member>,
    /// `campaign_lead_event_log`.
    pub log: Table<CampaignLogRow>,
}

impl Campaigns {
    /// The rows of one contact by campaign.
    pub fn rows_of_contact(&self, contact: Id) -> impl Iterator<Item = (Id, Member)> {
        self.members
            .iter()
            .filter(move |((_, of), _)| *of == contact)
            .map(|((campaign, _), row)| (*campaign, *row))
    }

    /// The rows of one campaign by contact.
    pub fn rows_of(&self, campaign: Id) -> impl Iterator<Item = (Id, Member)> {
        self.members
            .range((campaign, 0)..=(campaign, Id::MAX))
            .map(|((_, contact), row)| (*contact, *row))
    }

    /// Gives a contact's rows to another, as a merge does; rows the other has already are lost.
    pub fn move_contact(&mut self, from: Id, to: Id) {
        let known: Vec<Id> = self
            .log
            .values()
            .filter(|row| row.contact == to)
            .map(|row| row.event)
            .collect();
        self.log
            .retain(|row| row.contact != from || !known.contains(&row.event));
        for row in self.log.values_mut().filter(|row| row.contact == from) {
            row.contact = to;
        }
        let rows: Vec<(Id, Member)> = self.rows_of_contact(from).collect();
        for (campaign, member) in rows {
            self.members.remove(&(campaign, from));
            self.members.entry((campaign, to)).or_insert(member);
        }
    }

    /// Forgets a contact, as deleting it does.
    pub fn forget_contact(&mut self, contact: Id) {
        self.members.retain(|(_, of), _| *of != contact);
        self.log.retain(|row| row.contact != contact);
    }

    /// Deletes a campaign with its members and its log.
    pub fn delete(&mut self, campaign: Id) {
        self.table.remove(campaign);
        self.members.retain(|(of, _), _| *of != campaign);
        self.log.retain(|row| row.campaign != campaign);
    }
}
