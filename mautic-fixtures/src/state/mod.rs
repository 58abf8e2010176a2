//! Everything a Mautic remembers: its tables, its clock, who is asking, and its outgoing webhooks.

pub mod clock;
pub mod hooks;
mod points;
mod random;
mod stamp;
mod table;
pub mod web;

use jiff::{Timestamp, Unit};
use serde_json::Value;

use crate::api::oauth::Tokens;
use crate::server::answer::Exception;
use crate::server::options::Options;
use crate::webhooks::EventType;
use clock::Clock;
pub use hooks::Hooks;
pub use points::{GroupScores, PointGroup};
pub use random::Random;
pub use stamp::{Actor, Stamp};
pub use table::{Id, Table};

/// One Mautic: database, configuration and the request under way.
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
    /// Webhooks with their queue and log.
    pub hooks: Hooks,
    /// `point_groups`.
    pub point_groups: Table<PointGroup>,
    /// `point_group_contact_score`.
    pub group_scores: GroupScores,
    /// Pages, forms, assets, emails, and what visitors did with them.
    pub web: web::Web,
}

impl State {
    /// A freshly installed Mautic.
    #[must_use]
    pub fn new(options: Options, clock: Clock) -> Self {
        Self {
            clock,
            random: Random::new(options.seed),
            options,
            actor: Actor::Nobody,
            tokens: Tokens::default(),
            hooks: Hooks::default(),
            point_groups: Table::default(),
            group_scores: GroupScores::default(),
            web: web::Web::default(),
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
