//! Activities in their one normal form, for webhooks and rows alike.

use crate::domain::{Activity, ActivityKey, ActivityKind, Attributes, ContactId, attribute};
use jiff::Timestamp;

/// Attribute names with what is known of each.
pub(super) type Known<'a> = Vec<(&'a str, Option<String>)>;

/// A page hit, URL hit or click.
pub(super) struct Hit {
    pub id: u64,
    pub contact: ContactId,
    pub at: Timestamp,
    pub page: Option<u32>,
    pub email: Option<u32>,
    pub redirect: bool,
    pub url: Option<String>,
    pub more: Known<'static>,
}

impl Hit {
    /// A tracked redirect is a click, a hit with a page is one of that page, any other is one of
    /// its URL: also what a tracked page reports after a click (SEMANTICS 3).
    pub(super) fn activity(self) -> Activity {
        let (kind, object) = match (self.redirect, self.page) {
            (true, _) => (ActivityKind::EmailClick, self.email),
            (false, Some(page)) => (ActivityKind::PageHit, Some(page)),
            (false, None) => (ActivityKind::UrlHit, None),
        };
        let mut known = self.more;
        known.push((attribute::EMAIL, self.email.map(|id| id.to_string())));
        known.push((attribute::REDIRECT, self.redirect.then(|| "1".to_owned())));
        Activity {
            key: ActivityKey::hit(self.id),
            contact: self.contact,
            at: self.at,
            kind,
            object,
            url: self.url,
            attributes: attributes(known),
        }
    }
}

/// An activity without a URL.
pub(super) fn activity(
    key: ActivityKey,
    contact: ContactId,
    at: Timestamp,
    (kind, object): (ActivityKind, Option<u32>),
    known: Known<'_>,
) -> Activity {
    Activity {
        key,
        contact,
        at,
        kind,
        object,
        url: None,
        attributes: attributes(known),
    }
}

/// Empty values are unknown ones.
fn attributes(known: Known<'_>) -> Attributes {
    known
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .filter(|(_, value)| !value.is_empty())
        .collect()
}
