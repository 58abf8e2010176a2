//! What the admin interface works with.

use super::sessions::Sessions;
use crate::clock::Clock;
use crate::config::WriteMode;
use crate::health::Health;
use crate::metrics::Metrics;
use crate::plan::Compiled;
use crate::store::SharedStore;
use jiff::Timestamp;
use prometheus_client::registry::Registry;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use tokio::sync::{Mutex, watch};

/// Whether topicscore writes to Mautic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Computes and shows; writes nothing.
    Observe,
    /// Writes.
    Live,
}

impl From<WriteMode> for Mode {
    fn from(mode: WriteMode) -> Self {
        match mode {
            WriteMode::Observe => Self::Observe,
            WriteMode::Live => Self::Live,
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observe => "observe",
            Self::Live => "live",
        })
    }
}

/// The parts of an instance that the admin interface shows.
#[derive(Debug, Clone)]
pub struct AdminState {
    /// The store.
    pub store: SharedStore,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The plan in force; `None` while none is loaded.
    pub plan: watch::Receiver<Option<Arc<Compiled>>>,
    /// How the workers are.
    pub health: Health,
    /// The instance's metrics; the budget is read from them.
    pub metrics: Metrics,
    /// What `/metrics` shows.
    pub registry: Arc<Registry>,
    /// Name of the instance.
    pub instance: String,
    /// Observe or live.
    pub mode: Mode,
    /// Password of the admin interface; `None`: loopback only, without login.
    pub password: Option<SecretString>,
    /// When the process started.
    pub started_at: Timestamp,
}

/// The parts and what the interface remembers itself.
#[derive(Debug)]
pub(super) struct Admin {
    state: AdminState,
    pub(super) sessions: Sessions,
    /// The last probe of the store: when, and what went wrong.
    pub(super) probed: Mutex<Option<(Timestamp, Option<String>)>>,
}

impl Admin {
    pub(super) fn new(state: AdminState) -> Self {
        Self {
            sessions: Sessions::new(&state.instance),
            state,
            probed: Mutex::new(None),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.state.clock.now()
    }

    pub(super) fn current_plan(&self) -> Option<Arc<Compiled>> {
        self.state.plan.borrow().clone()
    }
}

impl Deref for Admin {
    type Target = AdminState;
    fn deref(&self) -> &AdminState {
        &self.state
    }
}
