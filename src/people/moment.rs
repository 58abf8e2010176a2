//! Moments as people write them.

use super::Refusal;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Reads a date (its beginning), a local time of the zone, or a moment with its offset. A local
/// time that comes twice is the first, one that is skipped is as much later.
///
/// # Errors
/// [`Refusal::Wrong`] if it is none of these.
pub fn moment(text: &str, zone: &TimeZone) -> Result<Timestamp, Refusal> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Ok(moment);
    }
    let local = text.parse::<DateTime>().ok();
    let moment = local.and_then(|local| local.to_zoned(zone.clone()).ok());
    let moment = moment.ok_or_else(|| {
        Refusal::wrong(
            format!("`{text}` is no date or time"),
            "write a date such as 2026-01-31, a local time of the plan's zone such as \
             2026-01-31T08:00, or a moment such as 2026-01-31T08:00:00Z",
        )
    })?;
    Ok(moment.timestamp())
}
