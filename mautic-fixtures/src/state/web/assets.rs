//! Assets and their downloads.

use jiff::Timestamp;

use crate::state::{Id, Stamp};

/// A row of `assets`.
#[derive(Clone, Debug, Default)]
pub struct Asset {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Title.
    pub title: String,
    /// Second part of its slug.
    pub alias: String,
    /// Category.
    pub category: Option<Id>,
    /// Description.
    pub description: Option<String>,
    /// Language code.
    pub language: String,
    /// Start of publication.
    pub publish_up: Option<Timestamp>,
    /// End of publication.
    pub publish_down: Option<Timestamp>,
    /// Downloads.
    pub download_count: i64,
    /// First downloads.
    pub unique_download_count: i64,
    /// Raised by every save.
    pub revision: i64,
    /// Name of the uploaded file.
    pub path: Option<String>,
    /// URL of a remote file.
    pub remote_path: Option<String>,
    /// File name extension.
    pub extension: Option<String>,
    /// Media type.
    pub mime: Option<String>,
    /// Bytes.
    pub size: Option<i64>,
    /// `local` or `remote`.
    pub storage_location: String,
    /// Whether search engines are kept out.
    pub disallow: bool,
}

/// A row of `asset_downloads`.
#[derive(Clone, Debug)]
pub struct Download {
    /// Its id.
    pub id: Id,
    /// Asset; `None` for a slug nobody knows.
    pub asset: Option<Id>,
    /// `ip_addresses` row.
    pub ip: Id,
    /// Contact; `None` after its deletion.
    pub contact: Option<Id>,
    /// Email whose link led here.
    pub email: Option<Id>,
    /// When.
    pub date_download: Timestamp,
    /// 200, 301, 401 or 404.
    pub code: u16,
    /// Where the visitor came from.
    pub referer: Option<String>,
    /// Tracking id of the device.
    pub tracking_id: Option<String>,
    /// Channel of a click-through.
    pub source: Option<String>,
    /// Its id.
    pub source_id: Option<i64>,
    /// `utm_campaign`, `utm_content`, `utm_medium`, `utm_source`, `utm_term` of the query.
    pub utm: [Option<String>; 5],
}
