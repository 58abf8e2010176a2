//! Visitors of the demo, in crowds.

use super::oracle::Story;
use super::scene::Scene;
use mautic_fixtures::simulator::{Pace, Script, SimulatorOptions, play};

/// How many come, and what they may do.
#[derive(Debug, Clone, Copy)]
pub struct Crowd {
    /// Seed of the script.
    pub seed: u64,
    /// Visitors.
    pub visitors: usize,
    /// Activities of each on average.
    pub activities: usize,
    /// Whether visitors come back on second devices, which merges contacts.
    pub merges: bool,
}

/// The script of a crowd.
#[must_use]
pub fn crowd_of(crowd: Crowd) -> Script {
    let options = SimulatorOptions {
        contacts: crowd.visitors,
        activities_per_contact: crowd.activities,
        merges: crowd.merges,
        ..SimulatorOptions::default()
    };
    Script::generate(crowd.seed, &options)
}

impl Scene {
    /// Plays a script and adds it to the story.
    ///
    /// # Errors
    /// When the stand-in does not answer.
    pub async fn play(
        &self,
        script: Script,
        pace: Pace,
        story: &mut Story,
        progress: impl FnMut(usize, usize),
    ) -> anyhow::Result<()> {
        let base_url = self.mautic.0.base_url();
        let played = play(&script, &base_url, &self.catalog, pace, progress).await?;
        story.played.push((script, played));
        Ok(())
    }
}
