//! How the parts of the instance are: they report, `/readyz` and the status page read. No I/O.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How a component is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does its work.
    Ok,
    /// It does its work in part or with trouble.
    Degraded,
    /// It does not do its work.
    Down,
}

/// What a component means for `/readyz`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// While it is down, the instance is not ready.
    Required,
    /// Shown, but the instance is ready without it: Mautic's hook, a poll.
    Informative,
}

/// A component as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Component {
    /// Its name, such as `scorer`.
    pub name: String,
    /// How it is.
    pub state: State,
    /// Whether the instance is not ready while it is down.
    pub required: bool,
    /// What it says, for people.
    pub detail: String,
    /// Since when it has been in this state.
    pub since: Timestamp,
    /// When it last reported.
    pub reported_at: Timestamp,
}

/// The components of one instance. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<String, Entry>>>);

#[derive(Debug, Clone)]
struct Entry {
    component: Component,
    max_silence: Option<SignedDuration>,
}

impl Health {
    /// Nothing known yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a component; until it reports it is down as `not started yet`.
    ///
    /// With `max_silence` a component that stops reporting counts as down after that time: that
    /// is how a worker that hangs or died is noticed.
    #[must_use]
    pub fn component(
        &self,
        name: &str,
        weight: Weight,
        max_silence: Option<SignedDuration>,
        now: Timestamp,
    ) -> Reporter {
        let component = Component {
            name: name.to_owned(),
            state: State::Down,
            required: weight == Weight::Required,
            detail: "not started yet".to_owned(),
            since: now,
            reported_at: now,
        };
        let entry = Entry {
            component,
            max_silence,
        };
        self.lock().insert(name.to_owned(), entry);
        Reporter {
            health: self.clone(),
            name: name.to_owned(),
        }
    }

    /// All components by name, as they stand at `now`.
    #[must_use]
    pub fn snapshot(&self, now: Timestamp) -> Vec<Component> {
        self.lock().values().map(|entry| entry.at(now)).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn at(&self, now: Timestamp) -> Component {
        let mut component = self.component.clone();
        let silence = now.duration_since(component.reported_at);
        if let Some(max) = self.max_silence.filter(|max| silence > *max) {
            component.detail = format!(
                "no sign of life for {} s (allowed: {} s); last: {}",
                silence.as_secs(),
                max.as_secs(),
                component.detail
            );
            if component.state != State::Down {
                component.since = component.reported_at.saturating_add(max).unwrap_or(now);
            }
            component.state = State::Down;
        }
        component
    }
}

/// A component's way to report.
#[derive(Debug, Clone)]
pub struct Reporter {
    health: Health,
    name: String,
}

impl Reporter {
    /// It does its work.
    pub fn ok(&self, detail: impl Into<String>, now: Timestamp) {
        self.report(State::Ok, detail, now);
    }

    /// It does its work in part or with trouble: say what and what to do.
    pub fn degraded(&self, detail: impl Into<String>, now: Timestamp) {
        self.report(State::Degraded, detail, now);
    }

    /// It does not do its work: say why and what to do.
    pub fn down(&self, detail: impl Into<String>, now: Timestamp) {
        self.report(State::Down, detail, now);
    }

    /// Reports a state.
    pub fn report(&self, state: State, detail: impl Into<String>, now: Timestamp) {
        if let Some(entry) = self.health.lock().get_mut(&self.name) {
            let component = &mut entry.component;
            if component.state != state {
                component.since = now;
            }
            component.state = state;
            component.detail = detail.into();
            component.reported_at = now;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    fn only(health: &Health, now: Timestamp) -> Component {
        health.snapshot(now).pop().unwrap()
    }

    #[test]
    fn a_component_is_down_until_it_reports() {
        let health = Health::new();
        let scorer = health.component("scorer", Weight::Required, None, at(0));
        assert_eq!(only(&health, at(1)).state, State::Down);
        assert!(only(&health, at(1)).required);
        scorer.ok("12 contacts", at(2));
        let found = only(&health, at(1000));
        assert_eq!((found.state, found.since), (State::Ok, at(2)));
        assert_eq!(found.detail, "12 contacts");
    }

    #[test]
    fn since_is_when_the_state_changed_not_when_it_was_last_told() {
        let health = Health::new();
        let hook = health.component("hook", Weight::Informative, None, at(0));
        hook.ok("published", at(10));
        hook.ok("published", at(20));
        let found = only(&health, at(20));
        assert_eq!((found.since, found.reported_at), (at(10), at(20)));
        hook.degraded("unpublished", at(30));
        assert_eq!(only(&health, at(40)).since, at(30));
    }

    #[test]
    fn a_silent_worker_is_down_after_its_time() {
        let health = Health::new();
        let allowed = SignedDuration::from_secs(60);
        let worker = health.component("scorer", Weight::Required, Some(allowed), at(0));
        worker.ok("idle", at(10));
        assert_eq!(only(&health, at(70)).state, State::Ok);
        let found = only(&health, at(71));
        assert_eq!((found.state, found.since), (State::Down, at(70)));
        assert_eq!(
            found.detail,
            "no sign of life for 61 s (allowed: 60 s); last: idle"
        );
        worker.ok("idle", at(72));
        assert_eq!(only(&health, at(73)).state, State::Ok);
    }
}
