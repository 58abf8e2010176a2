//! Chance that is the same each time: everything random of a run follows from its seed.

use std::sync::{Mutex, PoisonError};
use topicscore::mautic::Chance;

/// A stream of random numbers (splitmix64); shared, because ports are.
#[derive(Debug)]
pub(crate) struct Dice(Mutex<u64>);

impl Dice {
    /// A stream of its own for each use, so that a draw more in one place changes no other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let dice = Self(Mutex::new(
            seed ^ stream.wrapping_mul(0xD6E8_FEB8_6659_FD93),
        ));
        dice.number();
        dice
    }

    /// The next number.
    pub(crate) fn number(&self) -> u64 {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to below `end`; 0 if that is 0.
    pub(crate) fn below(&self, end: usize) -> usize {
        let drawn = self.number() % (end.max(1) as u64);
        usize::try_from(drawn).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(crate) fn between(&self, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low) + 1;
        low + i64::try_from(self.number() % span).unwrap_or(0)
    }

    /// True so many times out of a hundred.
    pub(crate) fn percent(&self, percent: u64) -> bool {
        self.number() % 100 < percent
    }

    /// One of these.
    pub(crate) fn pick<T: Copy>(&self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// A position, each as likely as its weight.
    pub(crate) fn weighted(&self, weights: &[u64]) -> usize {
        let mut drawn = self.number() % weights.iter().sum::<u64>().max(1);
        for (at, weight) in weights.iter().enumerate() {
            if drawn < *weight {
                return at;
            }
            drawn -= weight;
        }
        0
    }
}

impl Chance for Dice {
    #[allow(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn fraction(&self) -> f64 {
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }
}
