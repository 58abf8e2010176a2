//! Small things worth keeping: tokens, the hook, the catalog, plans.

use super::Result;
use jiff::Timestamp;

/// The setting that names the running daemon: the owners in its marks begin with the store's name and
/// this.
pub const RUN: &str = "run";

/// A plan that was in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRecord {
    /// Fingerprint.
    pub version: String,
    /// Its whole text.
    pub text: String,
    /// Since when.
    pub activated_at: Timestamp,
}

/// Keeps settings. Values are opaque text; secrets among them are as safe as the store's file.
#[async_trait::async_trait]
pub trait Settings: Send + Sync {
    /// A value.
    async fn setting(&self, key: &str) -> Result<Option<String>>;

    /// Stores a value.
    async fn put_setting(&self, key: &str, value: &str) -> Result<()>;

    /// Keeps a plan as the one in force. The same version again changes nothing.
    async fn activate_plan(&self, plan: PlanRecord) -> Result<()>;

    /// The plan in force.
    async fn active_plan(&self) -> Result<Option<PlanRecord>>;
}
