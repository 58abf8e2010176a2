//! Randomness from a seed.

use rand::RngExt;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A seeded generator of the random texts Mautic makes.
#[derive(Clone, Debug)]
pub struct Random(ChaCha8Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// `length` hexadecimal digits: hashes, secrets.
    pub fn hex(&mut self, length: usize) -> String {
        self.of_alphabet(b"0123456789abcdef", length)
    }

    /// `length` of [a-z0-9]: tracking ids, 23 long.
    pub fn alphanumeric(&mut self, length: usize) -> String {
        self.of_alphabet(b"abcdefghijklmnopqrstuvwxyz0123456789", length)
    }

    fn of_alphabet(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| char::from(alphabet[self.0.random_range(0..alphabet.len())]))
            .collect()
    }
}
