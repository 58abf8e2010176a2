//! What is counted.

/// Scoring.
#[derive(Debug, Clone, Default)]
pub struct Scorer;
impl Scorer {
    /// A batch was scored.
    pub fn scored(&self, _contacts: usize, _took: std::time::Duration) {}
}
/// Write-back.
#[derive(Debug, Clone, Default)]
pub struct Writeback;
impl Writeback {
    /// An attempt ended.
    pub fn finished(&self, _outcome: &crate::store::WriteOutcome) {}
}
