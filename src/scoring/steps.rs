//! Values that change in steps over time.

use jiff::Timestamp;

/// A value over time: what it was at first, and every change, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Steps<T> {
    first: T,
    changes: Vec<(Timestamp, T)>,
}

impl<T: Copy + PartialEq> Steps<T> {
    pub(super) const fn new(first: T) -> Self {
        Self {
            first,
            changes: Vec::new(),
        }
    }

    /// From then on it is `value`. To be told in order of time; of one moment the last counts.
    pub(super) fn then(&mut self, at: Timestamp, value: T) {
        if self.changes.last().is_some_and(|(last, _)| *last == at) {
            self.changes.pop();
        }
        if self.last() != value {
            self.changes.push((at, value));
        }
    }

    /// What it was before anything happened.
    pub(super) const fn first(&self) -> T {
        self.first
    }

    /// What it is at the end.
    pub(super) fn last(&self) -> T {
        self.changes.last().map_or(self.first, |(_, value)| *value)
    }

    /// What it is at `moment`.
    pub(super) fn at(&self, moment: Timestamp) -> T {
        match self.changes.partition_point(|(at, _)| *at <= moment) {
            0 => self.first,
            index => self.changes[index - 1].1,
        }
    }

    /// Every change.
    pub(super) fn changes(&self) -> &[(Timestamp, T)] {
        &self.changes
    }

    /// The same changes seen another way.
    pub(super) fn map<U: Copy + PartialEq>(&self, see: impl Fn(T) -> U) -> Steps<U> {
        let mut seen = Steps::new(see(self.first));
        for (at, value) in &self.changes {
            seen.then(*at, see(*value));
        }
        seen
    }
}

/// All moments at which one of several things changes, each once, oldest first.
pub(super) fn moments(all: impl IntoIterator<Item = Timestamp>) -> Vec<Timestamp> {
    let mut moments: Vec<Timestamp> = all.into_iter().collect();
    moments.sort_unstable();
    moments.dedup();
    moments
}
