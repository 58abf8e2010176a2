//! Scriptable faults: what a network, a proxy or an overloaded Mautic can do to a request, repeatable from a seed.
//!
//! A script is a list of rules. Each request is held against them in order; the first rule that matches and fires
//! decides. Rules are set through [`Faults`] or, from outside, at `/__stand-in/faults`.

mod admin;
mod rule;
mod spoil;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::sync::watch;

pub(crate) use admin::admin;
pub use rule::{Fault, Moment, Rule};
pub(crate) use spoil::spoil;

use crate::php::fnmatch::fnmatch;
use crate::server::request::Request;
use crate::state::State;

/// A rule at work.
#[derive(Debug)]
struct Active {
    rule: Rule,
    /// Requests that matched so far.
    matched: u64,
    /// How often it fired.
    fired: u64,
    random: ChaCha8Rng,
}

struct Script {
    seed: u64,
    active: Vec<Active>,
    snapshot: Option<State>,
}

/// The script of a running stand-in; clones share it.
#[derive(Clone)]
pub struct Faults {
    script: Arc<Mutex<Script>>,
    /// Grows when hanging requests are to be let go.
    released: watch::Sender<u64>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        let script = Script {
            seed,
            active: Vec::new(),
            snapshot: None,
        };
        Self {
            script: Arc::new(Mutex::new(script)),
            released: watch::Sender::new(0),
        }
    }

    /// Adds a rule behind the others.
    pub fn add(&self, rule: Rule) {
        let mut script = self.lock();
        // Each rule draws from a stream of its own, so that adding one does not change the others.
        let seed = script.seed.wrapping_add(script.active.len() as u64);
        let random = ChaCha8Rng::seed_from_u64(seed);
        script.active.push(Active {
            rule,
            matched: 0,
            fired: 0,
            random,
        });
    }

    /// Removes all rules and lets hanging requests go.
    pub fn clear(&self) {
        self.lock().active.clear();
        self.release();
    }

    /// The rules with how often each fired.
    #[must_use]
    pub fn rules(&self) -> Vec<(Rule, u64)> {
        self.lock()
            .active
            .iter()
            .map(|active| (active.rule.clone(), active.fired))
            .collect()
    }

    /// Lets hanging requests go: their connections are closed.
    pub fn release(&self) {
        self.released.send_modify(|count| *count += 1);
    }

    /// Keeps a copy of the state for [`Fault::Stale`] reads.
    pub(crate) fn keep_snapshot(&self, state: &State) {
        self.lock().snapshot = Some(state.clone());
    }

    /// The copy kept last.
    pub(crate) fn snapshot(&self) -> Option<State> {
        self.lock().snapshot.clone()
    }

    /// What happens to this request, if anything.
    pub(crate) fn decide(&self, request: &Request) -> Option<Rule> {
        let mut script = self.lock();
        let chosen = script
            .active
            .iter_mut()
            .position(|active| active.fires(request))?;
        let active = script.active.get_mut(chosen)?;
        active.fired += 1;
        Some(active.rule.clone())
    }

    /// Waits until released, at most `limit`.
    pub(crate) async fn hang(&self, limit: Option<Duration>) {
        let mut released = self.released.subscribe();
        let change = async { drop(released.changed().await) };
        match limit {
            Some(limit) => drop(tokio::time::timeout(limit, change).await),
            None => change.await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    fn fires(&mut self, request: &Request) -> bool {
        let rule = &self.rule;
        let method = rule
            .method
            .as_ref()
            .is_none_or(|method| method.eq_ignore_ascii_case(&request.method));
        if !method || !fnmatch(&rule.path, &request.path) {
            return false;
        }
        self.matched += 1;
        let by_count = rule.nth.is_none_or(|nth| nth == self.matched);
        let by_times = rule.times.is_none_or(|times| self.fired < times);
        // Drawn for every match, so that the sequence does not depend on the other conditions.
        let by_chance = rule
            .probability
            .is_none_or(|probability| self.random.random::<f64>() < probability);
        by_count && by_times && by_chance
    }
}
