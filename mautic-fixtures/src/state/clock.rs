//! The only "now" of a stand-in, and the two ways Mautic writes a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::server::options::ClockKind;

/// A clock shared by the server and whoever steps it.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    Real,
    Manual(Mutex<Timestamp>),
}

impl Clock {
    pub(crate) fn new(kind: ClockKind) -> Self {
        Self(Arc::new(match kind {
            ClockKind::Real => Source::Real,
            ClockKind::Manual(start) => Source::Manual(Mutex::new(start)),
        }))
    }

    /// The moment now, with fractions of a second.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match &*self.0 {
            Source::Real => Timestamp::now(),
            Source::Manual(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a manual clock to this moment; the real one does not listen.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual(at) = &*self.0 {
            *at.lock().unwrap_or_else(PoisonError::into_inner) = to;
        }
    }

    /// Moves a manual clock on; the real one does not listen.
    pub fn advance(&self, by: Duration) {
        if let Ok(to) = self.now().checked_add(by) {
            self.set(to);
        }
    }
}

/// `2026-11-21T21:38:16+00:00`, as in the REST API and in webhooks.
#[must_use]
pub fn iso(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%dT%H:%M:%S+00:00")
        .to_string()
}

/// `2026-11-21 21:38:16`, as in the database and in stats.
#[must_use]
pub fn sql(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// Reads `2026-11-21 21:38:16` or `2026-11-21T21:38:16+00:00`; without an offset it is UTC.
#[must_use]
pub fn parse_sql(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let local: jiff::civil::DateTime = text.trim().replacen(' ', "T", 1).parse().ok()?;
    local
        .to_zoned(TimeZone::UTC)
        .ok()
        .map(|zoned| zoned.timestamp())
}
