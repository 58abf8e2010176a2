//! `[[topic]]`.

use super::super::{Band, Bands, Decay, Foreign, Scale, Topic, TopicKey, Writes};
use super::context::{Context, read_key};
use super::targets::read_ref;
use crate::diagnostics::{Severity, Table, Told, Value, quote};
use crate::domain::GroupId;
use toml::de::DeValue;

const BANDS_HINT: &str =
    "write bands as [{ name = \"cold\", from = 0 }, { name = \"hot\", from = 50 }]";
const BOUND_HINT: &str = "write a whole number, or \"none\" for no limit";

/// Every score is a 32-bit number, as in Mautic (FACTS 22).
pub(super) const SCORES: std::ops::RangeInclusive<i64> = i32::MIN as i64..=i32::MAX as i64;

pub(super) fn read(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<Topic> {
    let key_value = table.need("key", "give it a short name that the rules can use");
    let key = key_value.as_ref().and_then(read_key);
    let label = match table.get("label") {
        Some(value) => value.text("write a name for people").map(str::to_owned),
        None => key.map(str::to_owned),
    };
    let group = table.get("group").map(|value| {
        let group = read_ref(&value, "point group")?;
        context.note(format!("topic.{index}.group"), &value);
        context
            .claims
            .borrow_mut()
            .groups
            .push((group.clone(), value.span()));
        Some(group.map(GroupId))
    });
    let scale = read_scale(table);
    let bands = match table.get("bands") {
        Some(value) => read_bands(&value, scale),
        None => Some(Vec::new()),
    };
    if let (Some(key), Some(value)) = (key, key_value) {
        context.add_topic(key, value.span(), scale);
    }
    Some(Topic {
        key: TopicKey(key?.to_owned()),
        label: label?,
        writes: match group {
            Some(read) => Writes::Group(read?),
            None => Writes::Nothing,
        },
        scale: scale?,
        bands: Bands {
            list: bands?,
            ..Bands::default()
        },
        sum_of: Vec::new(),
        limits: Vec::new(),
        decay: Decay::None,
        stages: None,
        foreign: Foreign::default(),
        adopt_actions: Vec::new(),
    })
}

fn read_scale(table: &Table<'_, '_>) -> Option<Scale> {
    let floor = read_bound(table.get("floor"), 0);
    let ceiling_value = table.get("ceiling");
    let span = ceiling_value
        .as_ref()
        .map_or(table.span.clone(), Value::span);
    let ceiling = read_bound(ceiling_value, 100);
    let scale = Scale {
        floor: floor.ok()?,
        ceiling: ceiling.ok()?,
    };
    if let (Some(floor), Some(ceiling)) = (scale.floor, scale.ceiling)
        && floor > ceiling
    {
        let message = format!("the floor {floor} is above the ceiling {ceiling}");
        let hint = "swap them; without a word of yours they are 0 and 100";
        table.sheet.at(&span, Severity::Error, message, hint);
        return None;
    }
    Some(scale)
}

fn read_bound(value: Option<Value<'_, '_>>, default: i32) -> Result<Option<i32>, Told> {
    let Some(value) = value else {
        return Ok(Some(default));
    };
    let bound = match value.node() {
        DeValue::String(text) if text == "none" => return Ok(None),
        DeValue::Integer(_) => value.integer(SCORES, BOUND_HINT),
        _ => value.mistyped("a whole number or \"none\"", BOUND_HINT),
    };
    bound.map(Some).ok_or(Told)
}

fn read_bands(value: &Value<'_, '_>, scale: Option<Scale>) -> Option<Vec<Band>> {
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
    let table = item.table(BANDS_HINT)?;
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
