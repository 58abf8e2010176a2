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
}

impl Cause {
    pub(crate) const ALL: [Self; 12] = [
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
        Alone::Webhooks => not_by_webhooks(found, both, told),
        Alone::Polls => not_by_polls(found, one, both, recording),
    }
}

fn not_by_webhooks(found: &Difference, both: &Journal, told: &Told) -> Option<Cause> {
    let kind = both.kind(&found.item);
    let missing = found.says.is_none();
    match (found.what.as_str(), kind) {
        ("all of it", Some(ActivityKind::AssetDownload)) if missing => Some(Cause::Download),
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

fn is_a_second_late(found: &Difference) -> bool {
    let time = |text: &Option<String>| text.as_ref()?.parse::<Timestamp>().ok();
    let (Some(polled), Some(hooked)) = (time(&found.says), time(&found.both_say)) else {
        return false;
    };
    polled.duration_since(hooked).as_secs() == 1
}
