//! Bands of a topic.

use super::super::{Band, Bands, Scale};
use super::span::read_span;
use super::topic::SCORES;
use crate::diagnostics::{Table, Value, quote};
use jiff::SignedDuration;

const BANDS_HINT: &str =
    "write bands as [{ name = \"cold\", from = 0 }, { name = \"hot\", from = 50 }]";

/// Reads `bands`, `band_hysteresis` and `band_dwell`.
pub(super) fn read_bands(table: &Table<'_, '_>, scale: Option<Scale>) -> Option<Bands> {
    let written = table.get("bands");
    let hysteresis_value = table.get("band_hysteresis");
    let dwell_value = table.get("band_dwell");
    let hysteresis = match &hysteresis_value {
        Some(value) => value.integer(0..=i64::from(i32::MAX), "write a number of points"),
        None => Some(0),
    };
    let dwell = match &dwell_value {
        Some(value) => read_span(value),
        None => Some(SignedDuration::ZERO),
    };
    let Some(written) = written else {
        for value in [hysteresis_value, dwell_value].into_iter().flatten() {
            let message = format!("`{}` does nothing without `bands`", value.key());
            value.warn(message, "add `bands`, or remove it");
        }
        return Some(Bands::default());
    };
    let bands = Bands {
        list: read_list(&written, scale)?,
        hysteresis: hysteresis?,
        dwell: dwell?,
    };
    if let Some(value) = hysteresis_value {
        check_hysteresis(&value, &bands, scale);
    }
    Some(bands)
}

fn read_list(value: &Value<'_, '_>, scale: Option<Scale>) -> Option<Vec<Band>> {
    let mut bands = Vec::<Band>::new();
    let mut complete = true;
    for item in value.list(BANDS_HINT)? {
        match read_band(&item) {
            Some(band) => {
                check_band(&item, &band, &bands, scale);
                bands.push(band);
            }
            None => complete = false,
        }
    }
    complete.then_some(bands)
}

fn read_band(item: &Value<'_, '_>) -> Option<Band> {
    let table = item.table_as("this band", BANDS_HINT)?;
    let name = table.need("name", BANDS_HINT);
    let name = name.and_then(|value| value.text(BANDS_HINT));
    let from = table.need("from", BANDS_HINT);
    let from = from.and_then(|value| value.integer(SCORES, BANDS_HINT));
    table.finish();
    Some(Band {
        name: name?.to_owned(),
        from: from?,
    })
}

fn check_band(item: &Value<'_, '_>, band: &Band, before: &[Band], scale: Option<Scale>) {
    if before.iter().any(|other| other.name == band.name) {
        let message = format!("two bands are named {}", quote(&band.name));
        item.error(message, "give each band a name of its own");
    }
    if before.last().is_some_and(|last| last.from >= band.from) {
        let message = format!(
            "the band {} does not start above the one before",
            quote(&band.name)
        );
        item.error(message, "sort the bands by rising `from`, each number once");
    }
    if let Some(ceiling) = scale.and_then(|scale| scale.ceiling)
        && band.from > ceiling
    {
        let message = format!(
            "the band {} starts above the ceiling {ceiling}",
            quote(&band.name)
        );
        item.warn(
            message,
            "no score can be in it: lower its `from` or raise the ceiling",
        );
    }
}

/// A band that no score is far enough below is never left downwards. Of the lowest band that is
/// meant.
fn check_hysteresis(value: &Value<'_, '_>, bands: &Bands, scale: Option<Scale>) {
    let Some(floor) = scale.and_then(|scale| scale.floor) else {
        return;
    };
    let kept = |band: &&Band| {
        i64::from(band.from) > i64::from(floor)
            && i64::from(band.from) - i64::from(bands.hysteresis) <= i64::from(floor)
    };
    if let Some(band) = bands.list.iter().skip(1).find(kept) {
        let message = format!(
            "nobody ever leaves the band {}: no score is that much below {}",
            quote(&band.name),
            band.from
        );
        let hint = format!("lower it; the topic's floor is {floor}");
        value.warn(message, hint);
    }
}
