//! What one source alone can't tell: the list of `docs/sources.md`, by name. A difference belongs
//! to an entry only with evidence from the recording.

use super::{
    differences::{Alone, Difference},
    journal::Journal,
    recording::Recording,
    told::Told,
};
use jiff::Timestamp;
use serde::Serialize;
use topicscore::{domain::ActivityKind, intake::decode::Table};

/// Why a source alone says something else; see `docs/sources.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Cause {
    Download,
    LeftAt,
    OpenUserAgent,
    Anonymous,
    Unreported,
    StalePoints,
    SameSecond,
    FormValues,
    TextMessage,
    OwnerChanged,
    SendSecond,
    Altered,
    Entry,
    EntrySecond,
    EntryUndone,
}

impl Cause {
    pub(crate) const ALL: [Self; 15] = [
        Self::Download,
        Self::LeftAt,
        Self::OpenUserAgent,
        Self::Anonymous,
        Self::Unreported,
        Self::StalePoints,
        Self::SameSecond,
        Self::FormValues,
        Self::TextMessage,
        Self::OwnerChanged,
        Self::SendSecond,
        Self::Altered,
        Self::Entry,
        Self::EntrySecond,
        Self::EntryUndone,
    ];

    /// The words of `docs/sources.md`.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Download => "asset downloads",
            Self::LeftAt => "when a page was left",
            Self::OpenUserAgent => "the user agent of an open",
            Self::Anonymous => "contacts that no webhook shows",
            Self::Unreported => "what changes without a webhook of the contact",
            Self::StalePoints => "main points may be older ones",
            Self::SameSecond => "told twice within one second",
            Self::FormValues => "values submitted with a form",
            Self::TextMessage => "text messages",
            Self::OwnerChanged => "a browser that changes owner",
            Self::SendSecond => "The time of an email sent",
            Self::Altered => "altered in the database",
            Self::Entry => "entries into stages and campaigns",
            Self::EntrySecond => "The time of an entry into a segment",
            Self::EntryUndone => "entries into segments that the contact left since",
        }
    }
}

/// The cause of a difference; `None` if nothing that is known explains it.
pub(crate) fn cause(
    found: &Difference,
    one: &Journal,
    both: &Journal,
    recording: &Recording,
    told: &Told,
) -> Option<Cause> {
    match found.alone {
        Alone::Webhooks if altered(found, both, recording) => Some(Cause::Altered),
        Alone::Webhooks => not_by_webhooks(found, one, both, told),
        Alone::Polls => not_by_polls(found, one, both, recording),
    }
}

fn not_by_webhooks(
    found: &Difference,
    one: &Journal,
    both: &Journal,
    told: &Told,
) -> Option<Cause> {
    let kind = both.kind(&found.item);
    let missing = found.says.is_none();
    match (found.what.as_str(), kind) {
        ("all of it", Some(ActivityKind::AssetDownload)) if missing => Some(Cause::Download),
        ("all of it", Some(ActivityKind::StageEnter | ActivityKind::CampaignEnter)) if missing => {
            Some(Cause::Entry)
        }
        ("all of it", Some(ActivityKind::SegmentEnter)) if missing => {
            told_a_moment_apart(found, one, both).then_some(Cause::EntrySecond)
        }
        ("attribute left_at", Some(_)) if missing => Some(Cause::LeftAt),
        ("attribute user_agent", Some(ActivityKind::EmailOpen)) if missing => {
            Some(Cause::OpenUserAgent)
        }
        (_, Some(_)) => None,
        (what, None) => of_contact(found, what, told),
    }
}

fn of_contact(found: &Difference, what: &str, told: &Told) -> Option<Cause> {
    let contact = found.contact()?;
    if !told.shows(contact) && found.says.is_none() {
        return Some(Cause::Anonymous);
    }
    let newest = told.newest(contact, what);
    // A journal that does not hold what it was told last is wrong, whatever polls say.
    if !newest.contains(&found.says) {
        return None;
    }
    Some(if newest.contains(&found.both_say) {
        Cause::SameSecond
    } else if what == "main points" || what == "profile points" {
        Cause::StalePoints
    } else {
        Cause::Unreported
    })
}

fn not_by_polls(
    found: &Difference,
    one: &Journal,
    both: &Journal,
    recording: &Recording,
) -> Option<Cause> {
    let kind = both.kind(&found.item)?;
    let missing = found.says.is_none();
    let is_hit = found.item.starts_with("hit:");
    let differs = |what: &str| one.value(&found.item, what) != both.value(&found.item, what);
    match found.what.as_str() {
        "all of it" if missing && kind == ActivityKind::SmsSend => Some(Cause::TextMessage),
        "all of it" if missing && kind == ActivityKind::SegmentEnter => {
            if told_a_moment_apart(found, one, both) {
                Some(Cause::EntrySecond)
            } else {
                left_since(found, both).then_some(Cause::EntryUndone)
            }
        }
        "contact" | "attribute tracking_id" if is_hit => {
            (differs("contact") && differs("attribute tracking_id")).then_some(Cause::OwnerChanged)
        }
        "time" if kind == ActivityKind::EmailSend => {
            is_a_second_late(found).then_some(Cause::SendSecond)
        }
        "time" if is_hit && recording.altered.contains(&Table::PageHits) => Some(Cause::Altered),
        what if what.starts_with("attribute result.") && missing => Some(Cause::FormValues),
        _ => None,
    }
}

/// Of several times told of an activity the earliest counts: here one that the recorder wrote.
fn altered(found: &Difference, both: &Journal, recording: &Recording) -> bool {
    use ActivityKind::{EmailClick, PageHit, UrlHit};
    let is_hit = matches!(both.kind(&found.item), Some(PageHit | UrlHit | EmailClick));
    found.what == "time" && is_hit && recording.altered.contains(&Table::PageHits)
}

fn is_a_second_late(found: &Difference) -> bool {
    let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
    let (Some(polled), Some(hooked)) = (time(&found.says), time(&found.both_say)) else {
        return false;
    };
    polled.duration_since(hooked).as_secs() == 1
}

/// Whether the source alone knows of the same entry, with another second.
fn told_a_moment_apart(found: &Difference, one: &Journal, both: &Journal) -> bool {
    let Some(moment) = time_of(both, &found.item) else {
        return false;
    };
    let times = entries_like(found, one, both);
    times
        .iter()
        .any(|time| time.duration_since(moment).abs().as_secs() <= 2)
}

/// Whether the contact left the segment afterwards, be it to come back: its row is gone or renewed.
fn left_since(found: &Difference, both: &Journal) -> bool {
    let says = |what: &str| both.value(&found.item, what).unwrap_or_default();
    let contact = format!("contact {}", says("contact"));
    let is_member = both.value(&contact, &format!("segment {}", says("object")));
    let moment = time_of(both, &found.item);
    let came_back = || entries_like(found, both, both).into_iter().max() > moment;
    is_member.is_none() || came_back()
}

/// When a journal says that the same contact came into the same segment.
fn entries_like(found: &Difference, one: &Journal, both: &Journal) -> Vec<Timestamp> {
    let whose = both.value(&found.item, "contact");
    let segment = both.value(&found.item, "object").unwrap_or_default();
    let of_segment = format!("segment:{segment}:");
    let items = one.statements.iter().filter(|((item, what), value)| {
        what == "contact" && item.starts_with(&of_segment) && Some(value.as_str()) == whose
    });
    items
        .filter_map(|((item, _), _)| time_of(one, item))
        .collect()
}

fn time_of(journal: &Journal, item: &str) -> Option<Timestamp> {
    journal.value(item, "time")?.parse().ok()
}
