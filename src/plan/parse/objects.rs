//! What a point action is limited to: objects and URLs.

use super::super::Ref;
use super::condition::has_url;
use super::context::Context;
use super::refs::{read_refs, told};
use crate::diagnostics::{Table, Value, quote};
use crate::domain::ActivityKind;

const URL_HINT: &str =
    "write a pattern for the whole URL such as \"https://shop.example/pricing*\"";

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

pub(super) fn read_objects(
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
            let hint = "leave the list out to mean all of them";
            let what = key.strip_suffix('s').unwrap_or(key);
            objects = read_refs(context, &value, &path, what, hint);
            let known = objects.as_deref().unwrap_or_default();
            claim_objects(context, &value, kind, known);
        }
    }
    objects
}

/// Entries that pay must not follow from what this plan does.
pub(super) fn claim_objects(
    context: &Context<'_, '_>,
    value: &Value<'_, '_>,
    kind: Option<ActivityKind>,
    objects: &[Ref<u32>],
) {
    if objects.is_empty() {
        return;
    }
    let items = value.one_or_more("").unwrap_or_default();
    for (object, item) in objects.iter().zip(items) {
        match kind {
            Some(ActivityKind::SegmentEnter) => {
                let claim = (object.clone(), item.span());
                context.claims.borrow_mut().asked.push(claim);
            }
            Some(ActivityKind::StageEnter) => context.ask("stage", &told(object)),
            Some(ActivityKind::CampaignEnter) => context.ask("campaign", &told(object)),
            _ => {}
        }
    }
}

fn report_misfit(value: &Value<'_, '_>, kind: Option<ActivityKind>) {
    let name = kind.map_or("", ActivityKind::name);
    let hint = match kind.and_then(objects_key) {
        Some(fitting) => format!("{name} can be limited by `{fitting}`"),
        None => format!("remove it: {name} has no such limit"),
    };
    value.error(format!("`{}` does not fit {name}", value.key()), hint);
}

pub(super) fn read_urls(table: &Table<'_, '_>, kind: Option<ActivityKind>) -> Option<Vec<String>> {
    let Some(value) = table.get("url") else {
        return Some(Vec::new());
    };
    if let Some(kind) = kind.filter(|kind| !has_url(*kind)) {
        let message = format!("`url` does not fit {kind}");
        let hint = "only page.hit, url.hit, email.click and video.play can be limited by `url`";
        value.error(message, hint);
        return None;
    }
    read_patterns(&value)
}

/// Reads one or more patterns of URLs.
pub(super) fn read_patterns(value: &Value<'_, '_>) -> Option<Vec<String>> {
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
