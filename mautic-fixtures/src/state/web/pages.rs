//! Landing pages, and the redirects that stand for links in emails.

use jiff::Timestamp;

use crate::state::{Id, Stamp};

/// A row of `pages`.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Title.
    pub title: String,
    /// Path of its URL.
    pub alias: String,
    /// Category.
    pub category: Option<Id>,
    /// Language code.
    pub language: String,
    /// Start of publication.
    pub publish_up: Option<Timestamp>,
    /// End of publication.
    pub publish_down: Option<Timestamp>,
    /// Hits of all visitors.
    pub hits: i64,
    /// First hits.
    pub unique_hits: i64,
    /// Description for search engines.
    pub meta_description: Option<String>,
    /// `301` or `302` while unpublished.
    pub redirect_type: Option<String>,
    /// Where to, while unpublished.
    pub redirect_url: Option<String>,
    /// Theme.
    pub template: Option<String>,
    /// The page itself.
    pub custom_html: Option<String>,
    /// Raised by every save.
    pub revision: i64,
    /// The page this one is a variant of.
    pub variant_parent: Option<Id>,
}

/// A row of `page_redirects`: a link of an email.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// Its id.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// 25 hex digits in `/r/…`.
    pub redirect_id: String,
    /// Where it leads.
    pub url: String,
    /// Clicks.
    pub hits: i64,
    /// First clicks.
    pub unique_hits: i64,
}

/// A row of `channel_url_trackables`: a link in one email.
#[derive(Clone, Debug)]
pub struct Trackable {
    /// Redirect.
    pub redirect: Id,
    /// `email`.
    pub channel: String,
    /// Id of the email.
    pub channel_id: Id,
    /// Clicks.
    pub hits: i64,
    /// First clicks.
    pub unique_hits: i64,
}
