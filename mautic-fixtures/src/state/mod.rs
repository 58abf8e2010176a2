//! Everything a Mautic remembers: its tables, its clock, who is asking, and its outgoing webhooks.

pub mod campaigns;
pub mod clock;
mod contact;
pub mod fields;
pub mod hooks;
mod logs;
mod points;
mod random;
pub mod reports;
pub mod segments;
mod stamp;
mod table;
mod unique;
pub mod web;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, Unit};
use serde_json::Value;

use crate::api::oauth::Tokens;
use crate::api::rate_limit::RateLimiter;
use crate::php::like::same_text;
use crate::server::answer::Exception;
use crate::server::options::Options;
use crate::webhooks::EventType;
pub use campaigns::Campaigns;
use clock::Clock;
pub use contact::{Contact, FieldShape, FieldValues, Manipulator, Memory};
pub use fields::ContactField;
pub use hooks::Hooks;
pub use logs::{AuditRow, DoNotContact, EventLogRow, PointsLogRow, Stage, StagesLogRow, Tag};
pub use points::{GroupScores, PointAction, PointGroup, PointTrigger, TriggerEvent};
pub use random::Random;
pub use segments::Segments;
pub use stamp::{Actor, Stamp};
pub use table::{Id, Table};
pub use unique::EmailIndex;

/// One Mautic: database, configuration and the request under way.
#[derive(Clone)]
pub struct State {
    /// How it is configured.
    pub options: Options,
    /// Its clock.
    pub clock: Clock,
    /// Source of tokens, tracking ids and hashes.
    pub random: Random,
    /// Who the request under way acts for.
    pub actor: Actor,
    /// Access tokens given out.
    pub tokens: Tokens,
    /// Calls made by each token or login.
    pub rate_limiter: RateLimiter,
    /// Webhooks with their queue and log.
    pub hooks: Hooks,
    /// Campaigns, their members and what they did.
    pub campaigns: Campaigns,
    /// `reports`.
    pub reports: Table<reports::Report>,
    /// Segments and their members.
    pub segments: Segments,
    /// `leads`.
    pub contacts: Table<Contact>,
    /// Contacts whose entity was loaded in the request under way.
    pub loaded_contacts: Vec<Id>,
    /// Contacts by email.
    pub emails: EmailIndex,
    /// `lead_fields` of contacts.
    pub contact_fields: Table<ContactField>,
    /// `contact_merge_records`: merged-away id to the id it was merged into.
    pub merged_into: BTreeMap<Id, Id>,
    /// `lead_points_change_log`.
    pub points_log: Table<PointsLogRow>,
    /// `lead_stages_change_log`.
    pub stages_log: Table<StagesLogRow>,
    /// `lead_donotcontact`.
    pub do_not_contact: Table<DoNotContact>,
    /// `audit_log`.
    pub audit_log: Table<AuditRow>,
    /// Changes already written to the audit log in this request, to write none twice.
    pub audited: Vec<(Id, String)>,
    /// `lead_event_log`.
    pub event_log: Table<EventLogRow>,
    /// `lead_tags`.
    pub tags: Table<Tag>,
    /// `stages`.
    pub stages: Table<Stage>,
    /// The request under way dies between points and their line in the points log: a group's score is stored first
    /// (FACTS 45), of main points the line.
    pub dies_between: bool,
    /// Rows of stats tables, by table and id, whose transaction is not committed yet: their ids are given, but nobody
    /// sees them (FACTS 105).
    pub unseen: BTreeSet<(String, Id)>,
    /// Where the request under way comes from.
    pub remote_address: String,
    /// The address entity of the request under way.
    pub ip_entity: Option<web::IpEntity>,
    /// Address entities that the contacts of a batch share, by the id they were read with.
    pub batch_addresses: BTreeMap<Id, web::IpEntity>,
    /// `point_groups`.
    pub point_groups: Table<PointGroup>,
    /// `points`.
    pub point_actions: Table<PointAction>,
    /// `point_triggers`.
    pub point_triggers: Table<PointTrigger>,
    /// Ids of `point_trigger_events`.
    pub trigger_events: Table<()>,
    /// `point_lead_event_log`: trigger events done, by (event, contact).
    pub trigger_log: BTreeMap<(Id, Id), web::Once>,
    /// `point_group_contact_score`.
    pub group_scores: GroupScores,
    /// Pages, forms, assets, emails, and what visitors did with them.
    pub web: web::Web,
}

impl State {
    /// A freshly installed Mautic.
    #[must_use]
    pub fn new(options: Options, clock: Clock) -> Self {
        let reports = seeded_reports(&options, clock.now());
        Self {
            reports,
            clock,
            random: Random::new(options.seed),
            actor: Actor::Nobody,
            tokens: Tokens::default(),
            rate_limiter: RateLimiter::default(),
            hooks: Hooks::default(),
            segments: Segments::default(),
            campaigns: Campaigns::default(),
            web: web::Web::default(),
            contacts: Table::default(),
            emails: EmailIndex::default(),
            loaded_contacts: Vec::new(),
            contact_fields: fields::installed(options.published_contact_fields.as_deref()),
            merged_into: BTreeMap::new(),
            points_log: Table::default(),
            stages_log: Table::default(),
            do_not_contact: Table::default(),
            audit_log: Table::default(),
            audited: Vec::new(),
            event_log: Table::default(),
            tags: Table::default(),
            stages: Table::default(),
            dies_between: false,
            unseen: BTreeSet::new(),
            remote_address: "127.0.0.1".to_owned(),
            ip_entity: None,
            batch_addresses: BTreeMap::new(),
            point_groups: Table::default(),
            point_actions: Table::default(),
            point_triggers: Table::default(),
            trigger_events: Table::default(),
            trigger_log: BTreeMap::new(),
            group_scores: GroupScores::default(),
            options,
        }
    }

    /// The moment now in whole seconds, as the database stores it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = self.clock.now();
        let whole = jiff::TimestampRound::new()
            .smallest(Unit::Second)
            .mode(jiff::RoundMode::Floor);
        now.round(whole).unwrap_or(now)
    }

    /// The contacts with this value in a unique field, lowest id first.
    #[must_use]
    pub fn contacts_with(&self, field: &str, value: &str) -> Vec<&Contact> {
        let has = |contact: &&Contact| same_text(contact.text(field), value);
        match self.emails.candidates(field, value) {
            Some(ids) => ids
                .into_iter()
                .filter_map(|id| self.contacts.get(id))
                .filter(has)
                .collect(),
            None => self.contacts.values().filter(has).collect(),
        }
    }

    /// Forgets what entities remembered: the next request starts with fresh ones.
    pub fn forget_entities(&mut self) {
        for id in std::mem::take(&mut self.loaded_contacts) {
            if let Some(contact) = self.contacts.get_mut(id) {
                contact.memory = Memory::default();
            }
        }
        self.audited.clear();
        self.ip_entity = None;
        self.batch_addresses.clear();
    }

    /// The id of the row of `ip_addresses` for where the request comes from, made if needed. Call it where Mautic
    /// stores something that refers to the address: a detached address entity is stored once more by that.
    pub fn current_ip(&mut self) -> Id {
        let address = self.remote_address.clone();
        let mut entity = match self.ip_entity {
            Some(entity) => entity,
            None => web::IpEntity::found(self.ip(&address)),
        };
        if entity.detached {
            entity.now = self
                .web
                .ip_addresses
                .insert_with(|id| web::IpAddress { id, address });
            entity.first_copy.get_or_insert(entity.now);
            entity.detached = false;
        }
        self.ip_entity = Some(entity);
        entity.now
    }

    /// Doctrine lets go of the address entity after the logs of one-time actions and triggers were stored; the next
    /// thing that refers to it stores it again, as a new row (seen as rows with the same address in `ip_addresses`).
    pub fn detach_ip(&mut self) {
        if let Some(entity) = &mut self.ip_entity {
            entity.detached = true;
        }
    }

    /// The id an address of a contact shows: a row stored again in this request shows its new id.
    #[must_use]
    pub fn shown_ip(&self, id: Id) -> Id {
        if let Some(entity) = self.batch_addresses.get(&id) {
            return entity.now;
        }
        self.ip_entity
            .filter(|entity| {
                entity.found == id || entity.first_copy.is_some_and(|first| id >= first)
            })
            .map_or(id, |entity| entity.now)
    }

    /// Saving a contact stores its addresses once more if a contact of the same batch before it had the same ones:
    /// they were let go together with that contact.
    pub fn store_addresses_again(&mut self, contact: &Contact) {
        if self.batch_addresses.is_empty() {
            return;
        }
        for (id, address) in self.visible_addresses(contact) {
            let Some(entity) = self.batch_addresses.get_mut(&id) else {
                continue;
            };
            if std::mem::take(&mut entity.detached) {
                entity.now = self
                    .web
                    .ip_addresses
                    .insert_with(|id| web::IpAddress { id, address });
            }
        }
    }

    /// Lets a contact's addresses go together with the contact, as batches do after each item.
    pub fn let_addresses_go(&mut self, contact: Id) {
        let Some(contact) = self.contacts.get(contact) else {
            return;
        };
        for (id, _) in self.visible_addresses(contact) {
            self.batch_addresses
                .entry(id)
                .or_insert_with(|| web::IpEntity::found(id))
                .detached = true;
        }
    }

    /// The address rows a contact's entity knows: the last one of each address.
    fn visible_addresses(&self, contact: &Contact) -> Vec<(Id, String)> {
        let mut last: BTreeMap<String, Id> = BTreeMap::new();
        for id in &contact.ip_addresses {
            if let Some(row) = self.web.ip_addresses.get(*id) {
                last.insert(row.address.clone(), *id);
            }
        }
        last.into_iter()
            .map(|(address, id)| (id, address))
            .collect()
    }

    /// The id of the row of `ip_addresses` for this address, made if needed.
    pub fn ip(&mut self, address: &str) -> Id {
        let known = self
            .web
            .ip_addresses
            .values()
            .find(|known| known.address == address);
        match known {
            Some(known) => known.id,
            None => self.web.ip_addresses.insert_with(|id| web::IpAddress {
                id,
                address: address.to_owned(),
            }),
        }
    }

    /// Writes a row of the audit log.
    pub fn audit(
        &mut self,
        bundle: &str,
        object: &str,
        object_id: Id,
        action: &str,
        details: Value,
    ) {
        let row = AuditRow {
            id: 0,
            user_id: self.actor.user_id().unwrap_or(0),
            user_name: self.actor.name().unwrap_or("System").to_owned(),
            bundle: bundle.to_owned(),
            object: object.to_owned(),
            object_id,
            action: action.to_owned(),
            details,
            date_added: self.now(),
            ip_address: self.remote_address.clone(),
        };
        self.audit_log.insert_with(|id| AuditRow { id, ..row });
    }

    /// Mautic's `site_url` without a trailing slash.
    #[must_use]
    pub fn site_url(&self) -> &str {
        self.options
            .site_url
            .as_deref()
            .unwrap_or("")
            .trim_end_matches('/')
    }

    /// Tells the hooks of an event: sends it before returning (immediate mode) or queues it (command mode).
    /// `payload` is only asked for when a published hook wants the event; it gets `timestamp` added.
    ///
    /// # Errors
    /// When the outcome of the delivery breaks the request that caused it (FACTS N1).
    pub fn emit(
        &mut self,
        event: EventType,
        payload: impl FnOnce(&Self) -> Value,
    ) -> Result<(), Exception> {
        crate::webhooks::emit(self, event, payload)
    }
}

/// The installation's reports and those of the options' SQL.
fn seeded_reports(options: &Options, now: Timestamp) -> Table<reports::Report> {
    let mut table = reports::installed();
    for sql in &options.setup_sql {
        if !reports::run_sql(&mut table, sql, now) {
            tracing::warn!(sql, "setup SQL is not understood");
        }
    }
    table
}
