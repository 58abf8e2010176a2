//! `[[point_action]]`.

use super::super::{PointAction, Ref, Repeat, UrlOptions, Weight};
use super::context::Context;
use super::targets::read_refs;
use super::time::read_window;
use super::topic::SCORES;
use crate::diagnostics::{Table, Value, quote};
use crate::domain::ActivityKind;

const POINTS_HINT: &str = "write a whole number; it may be negative";
const URL_HINT: &str =
    "write a pattern for the whole URL such as \"https://shop.example/pricing*\"";

pub(super) fn read(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
) -> Option<PointAction> {
    let names = context.names(table);
    let kind = read_kind(table);
    let topic = context.topic(table);
    let points = read_points(table);
    let repeat = match table.get("repeat") {
        Some(value) => value.choice(&[("once", Repeat::Once), ("always", Repeat::Always)]),
        None => Some(Repeat::Once),
    };
    let objects = read_objects(context, index, table, kind);
    let urls = match table.get("url") {
        Some(value) => read_urls(&value, kind),
        None => Some(Vec::new()),
    };
    let (since, until) = read_window(context, table);
    let (key, name) = names?;
    Some(PointAction {
        key,
        name,
        kind: kind?,
        mautic: None,
        pays: vec![(topic?.0, Weight::ONE)],
        points: points?,
        repeat: repeat?,
        objects: objects?,
        urls: urls?,
        since,
        until,
        when: None,
        limits: Vec::new(),
        cooldown: None,
        diminishing: Vec::new(),
        decay: None,
        url_options: UrlOptions::default(),
    })
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

/// The key that lists the objects of a kind.
pub(in crate::plan) const fn objects_key(kind: ActivityKind) -> Option<&'static str> {
    match kind {
        ActivityKind::PageHit => Some("pages"),
        ActivityKind::EmailClick | ActivityKind::EmailOpen | ActivityKind::EmailSend => {
            Some("emails")
        }
        ActivityKind::FormSubmit => Some("forms"),
        ActivityKind::AssetDownload => Some("assets"),
        ActivityKind::SmsSend => Some("messages"),
        ActivityKind::SegmentEnter => Some("segments"),
        ActivityKind::StageEnter => Some("stages"),
        ActivityKind::CampaignEnter => Some("campaigns"),
        ActivityKind::UrlHit | ActivityKind::VideoPlay => None,
    }
}

const OBJECT_KEYS: [&str; 8] = [
    "pages",
    "emails",
    "forms",
    "assets",
    "messages",
    "segments",
    "stages",
    "campaigns",
];

fn read_objects(
    context: &Context<'_, '_>,
    index: usize,
    table: &Table<'_, '_>,
    kind: Option<ActivityKind>,
) -> Option<Vec<Ref<u32>>> {
    let fitting = kind.map(objects_key);
    let mut objects = Some(Vec::new());
    for key in OBJECT_KEYS {
        let Some(value) = table.get(key) else {
            continue;
        };
        if fitting.is_some_and(|fitting| fitting != Some(key)) {
            report_misfit(&value, kind);
            objects = None;
        } else {
            let path = format!("point_action.{index}.objects");
            objects = read_refs(
                context,
                &value,
                &path,
                "leave the list out to mean all of them",
            );
        }
    }
    objects
}

fn report_misfit(value: &Value<'_, '_>, kind: Option<ActivityKind>) {
    let name = kind.map_or("", ActivityKind::name);
    let hint = match kind.and_then(objects_key) {
        Some(fitting) => format!("{name} can be limited by `{fitting}`"),
        None => format!("remove it: {name} has no such limit"),
    };
    value.error(format!("`{}` does not fit {name}", value.key()), hint);
}

fn read_urls(value: &Value<'_, '_>, kind: Option<ActivityKind>) -> Option<Vec<String>> {
    let with_url = [ActivityKind::UrlHit, ActivityKind::EmailClick];
    if let Some(kind) = kind.filter(|kind| !with_url.contains(kind)) {
        let message = format!("`url` does not fit {}", kind.name());
        value.error(
            message,
            "only url.hit and email.click can be limited by `url`",
        );
        return None;
    }
    let mut urls = Vec::new();
    for item in value.one_or_more("leave `url` out to mean every URL")? {
        let pattern = item.text(URL_HINT)?;
        check_pattern(&item, pattern);
        urls.push(pattern.to_owned());
    }
    Some(urls)
}

/// Patterns match the whole URL, as in Mautic (FACTS 51); a bare path never does.
fn check_pattern(item: &Value<'_, '_>, pattern: &str) {
    if !pattern.starts_with(['*', '?', '[', '\\']) && !pattern.contains(':') {
        let message = format!(
            "the pattern {} must match a whole URL and so never does",
            quote(pattern)
        );
        let hint = format!(
            "write \"*{}*\", or the whole address",
            pattern.trim_end_matches('*')
        );
        item.warn(message, hint);
    }
}
