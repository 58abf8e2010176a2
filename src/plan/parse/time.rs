//! Times, dates and the time zone of a plan.

use super::super::Ticks;
use super::context::Context;
use crate::diagnostics::{Table, Value, one_of, quote};
use jiff::{
    Timestamp, civil,
    tz::{TimeZone, TimeZoneDatabase},
};

const TICK_HINT: &str = "write a time of day such as \"03:00\"";
const MOMENT_HINT: &str = "write a date or time such as 2026-01-31 or 2026-01-31T08:00:00Z";

/// Reads `time_zone` and `tick`.
pub(super) fn read_ticks(root: &Table<'_, '_>) -> Option<Ticks> {
    let zone = match root.get("time_zone") {
        None => Some(TimeZone::UTC),
        Some(value) => read_zone(&value),
    };
    let at = match root.get("tick") {
        None => Some(civil::time(3, 0, 0, 0)),
        Some(value) => read_tick(&value),
    };
    Some(Ticks {
        zone: zone?,
        at: at?,
    })
}

/// The zones are built in: a plan means the same on every machine.
fn read_zone(value: &Value<'_, '_>) -> Option<TimeZone> {
    let name = value.text("name a zone such as \"Europe/Berlin\"")?;
    let zones = TimeZoneDatabase::bundled();
    if let Ok(zone) = zones.get(name) {
        return Some(zone);
    }
    let names: Vec<String> = zones.available().map(|name| name.to_string()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let hint = match crate::diagnostics::did_you_mean(name, names.iter().copied()) {
        Some(_) => one_of(name, &names),
        None => "name a zone of the IANA list such as \"Europe/Berlin\", or \"UTC\"".to_owned(),
    };
    value.error(format!("there is no time zone {}", quote(name)), hint);
    None
}

fn read_tick(value: &Value<'_, '_>) -> Option<civil::Time> {
    if let Some(written) = value.datetime() {
        return match written.to_string().parse().ok() {
            Some(time) if written.date.is_none() => Some(time),
            _ => value.mistyped("a time of day", TICK_HINT),
        };
    }
    let text = value.text(TICK_HINT)?;
    let time = civil::Time::strptime("%H:%M", text).ok();
    if time.is_none() {
        value.error(format!("{} is no time of day", quote(text)), TICK_HINT);
    }
    time
}

/// Reads `since` and `until`.
pub(super) fn read_window(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
) -> (Option<Timestamp>, Option<Timestamp>) {
    let since = table.get("since");
    let until = table.get("until");
    let from = since.as_ref().and_then(|value| read_moment(context, value));
    let to = until.as_ref().and_then(|value| read_moment(context, value));
    if let (Some(from), Some(to), Some(until)) = (from, to, until)
        && from >= to
    {
        until.error(
            "`until` is not after `since`",
            "the rule could never pay: swap or remove one",
        );
    }
    (from, to)
}

/// A moment: with an offset as it is, without one in the plan's zone; a date is its first moment.
pub(super) fn read_moment(context: &Context<'_, '_>, value: &Value<'_, '_>) -> Option<Timestamp> {
    let text = match value.datetime() {
        Some(written) => written.to_string(),
        None => value.text(MOMENT_HINT)?.to_owned(),
    };
    let moment = parse_moment(&text, &context.zone);
    if moment.is_none() {
        value.error(format!("{} is no date or time", quote(&text)), MOMENT_HINT);
    }
    moment
}

fn parse_moment(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    let local: civil::DateTime = text.parse().ok()?;
    Some(local.to_zoned(zone.clone()).ok()?.timestamp())
}
