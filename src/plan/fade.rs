//! How points fade with age, in whole numbers: the same on every machine.

use super::Decay;

/// Thousandths of a point; scores are rounded only at their end.
pub const THOUSANDTHS: i64 = 1000;

/// Beyond this factor (in parts of [`SCALE`]) a point is nothing: less than a millionth.
const NOTHING: u64 = SCALE / 1_000_000;
const SCALE: u64 = 1 << 32;

/// A decay, ready to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fade {
    decay: Decay,
    /// Factors of a half-life by age in days, in parts of [`SCALE`].
    halves: Vec<u64>,
}

impl Fade {
    /// Prepares a decay.
    #[must_use]
    pub fn new(decay: Decay) -> Self {
        let halves = match decay {
            Decay::HalfLife(days) => halves(days.max(1)),
            _ => Vec::new(),
        };
        Self { decay, halves }
    }

    /// The decay it was made from.
    #[must_use]
    pub const fn decay(&self) -> Decay {
        self.decay
    }

    /// Whether points fade little by little (and so only positive ones do).
    #[must_use]
    pub const fn is_gradual(&self) -> bool {
        matches!(self.decay, Decay::Linear(_) | Decay::HalfLife(_))
    }

    /// Days after which points end at once.
    #[must_use]
    pub const fn expiry(&self) -> Option<u16> {
        match self.decay {
            Decay::Expiry(days) => Some(days),
            _ => None,
        }
    }

    /// Days after which nothing is left of a fading point.
    #[must_use]
    pub fn lasts(&self) -> Option<i64> {
        match self.decay {
            Decay::None | Decay::Expiry(_) => None,
            Decay::Linear(days) => Some(i64::from(days)),
            Decay::HalfLife(_) => i64::try_from(self.halves.len()).ok(),
        }
    }

    /// What so many thousandths of a point are worth after so many days. Expiry is not looked at:
    /// its end is a moment, not an age.
    #[must_use]
    pub fn worth(&self, full: i64, days: i64) -> i64 {
        let age = usize::try_from(days).unwrap_or(0);
        if full <= 0 {
            return full;
        }
        match self.decay {
            Decay::None | Decay::Expiry(_) => full,
            Decay::Linear(lasts) => {
                let left = usize::from(lasts).saturating_sub(age);
                part(full, left as u64, u64::from(lasts))
            }
            Decay::HalfLife(_) => part(full, self.halves.get(age).copied().unwrap_or(0), SCALE),
        }
    }
}

/// `full` x `of` / `all`, rounded half up.
fn part(full: i64, of: u64, all: u64) -> i64 {
    let product = i128::from(full) * i128::from(of) + i128::from(all) / 2;
    i64::try_from(product / i128::from(all)).unwrap_or(full)
}

fn halves(days: u16) -> Vec<u64> {
    // After 20 half-lives less than a millionth is left.
    let ages = 0..=u32::from(days) * 20;
    ages.map(|age| factor(age, days))
        .take_while(|factor| *factor > NOTHING)
        .collect()
}

/// What is left after so many days, in parts of [`SCALE`].
#[allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "2^32 is a whole number in 64-bit floats, and the factor is between 0 and 1"
)]
fn factor(age: u32, days: u16) -> u64 {
    let part = (-f64::from(age) / f64::from(days)).exp2();
    (part * SCALE as f64).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_fade_as_asked_and_never_rise() {
        let half = Fade::new(Decay::HalfLife(30));
        let linear = Fade::new(Decay::Linear(10));
        let table = [
            (&half, 10, 0, 10_000),
            (&half, 10, 30, 5_000),
            (&half, 10, 60, 2_500),
            (&half, 10, 15, 7_071),
            (&half, -10, 30, -10_000),
            (&half, 10, 100_000, 0),
            (&linear, 10, 3, 7_000),
            (&linear, 10, 10, 0),
            (&linear, 10, 11, 0),
            (&linear, 10, -1, 10_000),
        ];
        for (fade, points, days, expected) in table {
            let worth = fade.worth(points * THOUSANDTHS, days);
            assert_eq!(worth, expected, "{fade:?} {points} {days}");
        }
        for fade in [half, linear] {
            let falls = |age| fade.worth(7_000, age) >= fade.worth(7_000, age + 1);
            assert!((0..2000).all(falls));
        }
    }
}
