//! `[[topic]]`.

use super::super::{Decay, Foreign, Ref, Scale, StageReset, Topic, TopicKey, Weight, Writes};
use super::bands::read_bands;
use super::context::{Context, TopicFacts, read_key};
use super::limits::{read_decay, read_limits};
use super::pays::read_weighted;
use super::refs::{read_noted, read_refs};
use crate::diagnostics::{Severity, Table, Told, Value};
use crate::domain::{GroupId, PointActionId, StageId};
use toml::de::DeValue;

const BOUND_HINT: &str = "write a whole number, or \"none\" for no limit";
const STAGES_HINT: &str = "write { reset = \"any\" } or { reset = [\"Lead\"], carry = 25 }";

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
    let scale = read_scale(table);
    let bands = read_bands(table, scale);
    if let (Some(key), Some(value)) = (key, key_value) {
        let names = |bands: &super::super::Bands| {
            let names = bands.list.iter().map(|band| band.name.clone());
            names.collect()
        };
        let facts = TopicFacts {
            scale,
            bands: bands.as_ref().map(names),
        };
        context.add_topic(key, value.span(), facts);
    }
    let writes = read_writes(context, index, table);
    let foreign = read_foreign(table, writes.as_ref());
    let adopt_actions = read_adopted(context, table, writes.as_ref());
    let adopts = adopt_actions.as_ref().is_some_and(|list| !list.is_empty());
    if adopts || foreign == Some(Foreign::Adopt) {
        use_topic(context, key);
    }
    let sum_of = read_parts(context, key, table);
    let limits = read_limits(table);
    let decay = read_decay(table);
    let stages = read_stages(context, index, table);
    Some(Topic {
        key: TopicKey(key?.to_owned()),
        label: label?,
        writes: writes?,
        scale: scale?,
        bands: bands?,
        sum_of: sum_of?,
        limits: limits?,
        decay: decay.ok()?.unwrap_or(Decay::None),
        stages: stages.ok()?,
        foreign: foreign?,
        adopt_actions: adopt_actions?,
    })
}

fn use_topic(context: &Context<'_, '_>, key: Option<&str>) {
    let used = key.map(str::to_owned);
    context.used_topics.borrow_mut().extend(used);
}

fn read_writes(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<Writes<Ref<GroupId>>> {
    let group = table.get("group");
    let main = match table.get("main_points") {
        Some(value) => read_main_points(&value)?.map(|writes| (value, writes)),
        None => None,
    };
    if let Some((value, writes)) = main {
        if group.is_some() {
            let message = "a topic has either `group` or `main_points`";
            value.error(message, "keep one of the two");
            return None;
        }
        context.main_points.borrow_mut().push(((), value.span()));
        if writes == Writes::MainPointsWritten {
            context.change("contact's", "main points", value.span());
        }
        return Some(writes);
    }
    let Some(value) = group else {
        return Some(Writes::Nothing);
    };
    let path = format!("topic.{index}.group");
    let group = read_noted(context, &value, &path, "point group")?;
    let claim = (group.clone(), value.span());
    context.claims.borrow_mut().groups.push(claim);
    Some(Writes::Group(group.map(GroupId)))
}

/// `true`: shown; `"write"`: written; `None` for `false`.
#[allow(clippy::option_option, reason = "mistaken, or `false`: two things")]
fn read_main_points(value: &Value<'_, '_>) -> Option<Option<Writes<Ref<GroupId>>>> {
    const HINT: &str =
        "write `main_points = true` (computed and shown) or \"write\", or leave it out";
    if value.node().as_str().is_some() {
        value.choice(&[("write", ())])?;
        return Some(Some(Writes::MainPointsWritten));
    }
    let shown = value.boolean(HINT)?;
    Some(shown.then_some(Writes::MainPoints))
}

fn read_foreign(table: &Table<'_, '_>, writes: Option<&Writes<Ref<GroupId>>>) -> Option<Foreign> {
    let Some(value) = table.get("foreign") else {
        return Some(Foreign::default());
    };
    let foreign = value.choice(&[
        ("override", Foreign::Override),
        ("adopt", Foreign::Adopt),
        ("report", Foreign::Report),
    ])?;
    match writes? {
        Writes::Nothing => value.error(
            "this topic has no group that somebody else could put points into",
            "add `group`, or remove `foreign`",
        ),
        Writes::MainPoints if foreign == Foreign::Override => value.error(
            "the main points are not written, so nothing of them can be set back",
            "write \"adopt\" or \"report\"; without `foreign` the points of others do not count",
        ),
        Writes::MainPoints | Writes::MainPointsWritten | Writes::Group(_) => {
            return Some(foreign);
        }
    }
    None
}

/// Reads `adopt_actions`: actions that run no more; those of rules are looked for when all are
/// known.
fn read_adopted(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
    writes: Option<&Writes<Ref<GroupId>>>,
) -> Option<Vec<PointActionId>> {
    const HINT: &str = "write a list of ids of Mautic's own point actions: [2, 9]";
    let Some(value) = table.get("adopt_actions") else {
        return Some(Vec::new());
    };
    if writes == Some(&Writes::Nothing) {
        let message = "this topic has no group that Mautic's actions could have paid into";
        value.error(message, "add `group`, or remove `adopt_actions`");
        return None;
    }
    let mut actions: Vec<PointActionId> = Vec::new();
    let mut complete = true;
    for item in value.list(HINT)? {
        let action = item
            .integer(1..=i64::from(u32::MAX), HINT)
            .map(PointActionId);
        match action {
            Some(again) if actions.contains(&again) => {
                item.error("this one is listed twice", "remove one of them");
                complete = false;
            }
            Some(action) => {
                actions.push(action);
                context.adopted.borrow_mut().push((action, item.span()));
            }
            None => complete = false,
        }
    }
    complete.then_some(actions)
}

/// Reads `sum_of`; whether its topics exist is asked when all are known.
fn read_parts(
    context: &Context<'_, '_>,
    key: Option<&str>,
    table: &Table<'_, '_>,
) -> Option<Vec<(TopicKey, Weight)>> {
    let Some(value) = table.get("sum_of") else {
        return Some(Vec::new());
    };
    use_topic(context, key);
    let parts = read_weighted(context, &value)?;
    let places = parts
        .iter()
        .map(|part| (part.topic.clone(), part.span.clone()));
    if let Some(key) = key {
        let total = (key.to_owned(), places.collect());
        context.totals.borrow_mut().push(total);
    }
    let parts = parts.into_iter();
    Some(
        parts
            .map(|part| (TopicKey(part.topic), part.weight))
            .collect(),
    )
}

fn read_stages(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Result<Option<StageReset<Ref<StageId>>>, Told> {
    let Some(value) = table.get("stages") else {
        return Ok(None);
    };
    let table = value.table(STAGES_HINT).ok_or(Told)?;
    let reset = table.need("reset", STAGES_HINT);
    let stages = reset.and_then(|value| {
        if value.node().as_str() == Some("any") {
            return Some(Vec::new());
        }
        let path = format!("topic.{index}.stages");
        read_refs(context, &value, &path, "stage", STAGES_HINT)
    });
    let carry = match table.get("carry") {
        Some(value) => value.integer(0..=100, "write a percentage from 0 to 100"),
        None => Some(0),
    };
    table.finish();
    let stages = stages.ok_or(Told)?.into_iter().map(|one| one.map(StageId));
    Ok(Some(StageReset {
        stages: stages.collect(),
        carry: carry.ok_or(Told)?,
    }))
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
