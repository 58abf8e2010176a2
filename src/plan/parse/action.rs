//! `[[point_action]]`.

use super::super::{Decay, PointAction, Repeat, UrlOptions};
use super::condition::read_activity;
use super::context::Context;
use super::limits::{read_decay, read_limits};
use super::objects::{read_objects, read_urls};
use super::pays::read_pays;
use super::span::{read_seconds, read_span};
use super::time::{read_moment, read_window};
use super::topic::SCORES;
use crate::diagnostics::{Table, Told, Value};
use crate::domain::{ActivityKind, PointActionId};
use jiff::SignedDuration;

const POINTS_HINT: &str = "write a whole number; it may be negative";
const SHARES_HINT: &str = "write percentages for the first, second, … time: [100, 50, 25]";

pub(super) fn read(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<PointAction> {
    let names = context.names(table);
    let kind = read_kind(table);
    let pays = read_pays(context, table);
    let points = read_points(table);
    let mautic = read_mautic(context, table);
    let made_at = optional(table, "made_at", |value| read_moment(context, value));
    let repeat = read_repeat(table);
    let objects = read_objects(context, index, table, kind);
    let urls = read_urls(table, kind);
    let (since, until) = read_window(context, table);
    let when = read_when(context, index, table, kind);
    let limits = read_limits(table);
    let cooldown = optional(table, "cooldown", read_span);
    let diminishing = optional(table, "diminishing", read_shares);
    let decay = read_decay(table);
    let url_options = read_url_options(table, kind);
    check_repeats(table, repeat);
    check_points(table, points, decay.ok().flatten());
    let (key, name) = names?;
    Some(PointAction {
        key,
        name,
        mautic: mautic.ok()?,
        made_at: made_at.ok()?,
        kind: kind?,
        pays: pays?,
        points: points?,
        repeat: repeat?,
        objects: objects?,
        urls: urls?,
        since,
        until,
        when: when.ok()?,
        limits: limits?,
        cooldown: cooldown.ok()?,
        diminishing: diminishing.ok()?.unwrap_or_default(),
        decay: decay.ok()?,
        url_options: url_options?,
    })
}

/// Reads a key that may be left out.
pub(super) fn optional<'a, 's, T>(
    table: &Table<'a, 's>,
    key: &'static str,
    read: impl FnOnce(&Value<'a, 's>) -> Option<T>,
) -> Result<Option<T>, Told> {
    match table.get(key) {
        None => Ok(None),
        Some(value) => read(&value).map(Some).ok_or(Told),
    }
}

fn read_kind(table: &Table<'_, '_>) -> Option<ActivityKind> {
    let choices = ActivityKind::ALL.map(|kind| (kind.name(), kind));
    table
        .need("kind", "such as `kind = \"form.submit\"`")?
        .choice(&choices)
}

/// Points of any rule.
pub(super) fn read_points(table: &Table<'_, '_>) -> Option<i32> {
    let value = table.need("points", POINTS_HINT)?;
    let points = value.integer(SCORES, POINTS_HINT)?;
    if points == 0 {
        value.warn(
            "a rule of 0 points changes nothing",
            "give it points, or remove the rule",
        );
    }
    Some(points)
}

fn read_mautic(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
) -> Result<Option<PointActionId>, Told> {
    optional(table, "mautic", |value| {
        let hint = "write the id of Mautic's own point action, or leave it out";
        let action = value.integer(1..=i64::from(u32::MAX), hint);
        let action = action.map(PointActionId);
        context.stood_for.borrow_mut().extend(action);
        action
    })
}

fn read_repeat(table: &Table<'_, '_>) -> Option<Repeat> {
    let choices = [
        ("once", Repeat::Once),
        ("per-item", Repeat::PerItem),
        ("always", Repeat::Always),
    ];
    match table.get("repeat") {
        Some(value) => value.choice(&choices),
        None => Some(Repeat::Once),
    }
}

fn read_when(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
    kind: Option<ActivityKind>,
) -> Result<Option<super::super::Tree<super::super::ActivityTest>>, Told> {
    let path = format!("point_action.{index}.when");
    optional(table, "when", |value| {
        read_activity(context, &path, value, kind)
    })
}

fn read_shares(value: &Value<'_, '_>) -> Option<Vec<u16>> {
    let items = value.list(SHARES_HINT)?.into_iter();
    let shares = items.map(|item| item.integer(0..=1000, SHARES_HINT));
    shares.collect::<Vec<_>>().into_iter().collect()
}

/// A rule that pays once has no second time.
fn check_repeats(table: &Table<'_, '_>, repeat: Option<Repeat>) {
    if repeat != Some(Repeat::Once) {
        return;
    }
    for key in ["cooldown", "diminishing"] {
        if let Some(value) = table.get(key) {
            let message = format!("`{key}` does nothing: the rule pays once");
            value.warn(message, "add `repeat = \"always\"`, or remove it");
        }
    }
}

/// Negative points are neither limited nor fade little by little.
fn check_points(table: &Table<'_, '_>, points: Option<i32>, decay: Option<Decay>) {
    if points.is_none_or(|points| points >= 0) {
        return;
    }
    let gradual = matches!(decay, Some(Decay::HalfLife(_) | Decay::Linear(_)));
    if let Some(value) = table.get("decay").filter(|_| gradual) {
        let message = "negative points do not fade little by little";
        value.warn(message, "write { expires = 30 }, or remove `decay`");
    }
    if let Some(value) = table.get("limit") {
        let message = "negative points are not limited";
        value.warn(message, "remove `limit`, or use `cooldown`");
    }
}

fn read_url_options(table: &Table<'_, '_>, kind: Option<ActivityKind>) -> Option<UrlOptions> {
    const HITS_HINT: &str = "write a number of hits, from 1";
    let page_hits = optional(table, "page_hits", |value| {
        value.integer(1..=i64::from(u32::MAX), HITS_HINT)
    });
    let returns_within = optional(table, "returns_within", read_seconds);
    let returns_after = optional(table, "returns_after", read_seconds);
    let accumulative_time = optional(table, "accumulative_time", read_seconds);
    let first_time = optional(table, "first_time", |value| {
        value.boolean("write `first_time = true`, or leave it out")
    });
    let options = UrlOptions {
        page_hits: page_hits.ok()?.unwrap_or(0),
        returns_within: returns_within.ok()?.unwrap_or(0),
        returns_after: returns_after.ok()?.unwrap_or(0),
        accumulative_time: accumulative_time.ok()?.unwrap_or(0),
        first_time: first_time.ok()?.unwrap_or(false),
    };
    check_url_kind(table, kind)?;
    check_url_options(table, &options);
    Some(options)
}

const URL_OPTIONS: [&str; 5] = [
    "page_hits",
    "returns_within",
    "returns_after",
    "accumulative_time",
    "first_time",
];

fn check_url_kind(table: &Table<'_, '_>, kind: Option<ActivityKind>) -> Option<()> {
    let Some(kind) = kind.filter(|kind| *kind != ActivityKind::UrlHit) else {
        return Some(());
    };
    let mut fits = Some(());
    for value in URL_OPTIONS.into_iter().filter_map(|key| table.get(key)) {
        let message = format!("`{}` does not fit {kind}", value.key());
        value.error(message, "it is an option of url.hit");
        fits = None;
    }
    fits
}

/// Doubts options that cannot hold together.
fn check_url_options(table: &Table<'_, '_>, options: &UrlOptions) {
    let second = options.returns_within > 0 || options.returns_after > 0 || options.page_hits > 1;
    if options.first_time && second {
        if let Some(value) = table.get("first_time") {
            let message = "the first hit cannot be a later one, so this rule never pays";
            let hint = "remove `first_time`, or `page_hits`, `returns_within`, `returns_after`";
            value.warn(message, hint);
        }
    } else if options.returns_within > 0
        && options.returns_after > options.returns_within
        && let Some(value) = table.get("returns_within")
    {
        let message = "`returns_within` is shorter than `returns_after`, so this rule never pays";
        value.warn(message, "make it longer, or remove one of the two");
    }
}

/// Time in which a condition must have held.
pub(super) fn read_dwell(table: &Table<'_, '_>) -> Option<SignedDuration> {
    let dwell = optional(table, "dwell", read_span).ok()?;
    Some(dwell.unwrap_or(SignedDuration::ZERO))
}
