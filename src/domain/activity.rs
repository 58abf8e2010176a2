//! One thing a contact did, in one shape whatever told us of it.

use super::{CampaignId, ContactId, SegmentId, SmsId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// Names of the attributes an activity can carry (values are text, as Mautic stores them).
pub mod attribute {
    /// HTTP code that Mautic answered (page hits, downloads): "200", "401", "404".
    pub const CODE: &str = "code";
    /// Email id that a click or hit came from.
    pub const EMAIL: &str = "email";
    /// Length of a video in seconds. Polling only.
    pub const DURATION: &str = "duration";
    /// When the next hit of the same browser came: ends the stay on a page. Polling only.
    pub const LEFT_AT: &str = "left_at";
    /// How many times the email had been opened with this open: "1" for the first.
    pub const NTH: &str = "nth";
    /// Landing page id of a form submission. Polling only.
    pub const PAGE: &str = "page";
    /// Referring URL.
    pub const REFERER: &str = "referer";
    /// Present ("1") when the hit was a tracked redirect (a click).
    pub const REDIRECT: &str = "redirect";
    /// Where an email or hit came from: "api", "campaign.event", "email", …
    pub const SOURCE: &str = "source";
    /// Id of that source.
    pub const SOURCE_ID: &str = "source_id";
    /// Seconds of a video that were watched in all, as far as seen. Polling only.
    pub const TIME_WATCHED: &str = "time_watched";
    /// Browser (device) that Mautic tracked: its cookie.
    pub const TRACKING_ID: &str = "tracking_id";
    /// Title of the page.
    pub const TITLE: &str = "title";
    /// User agent.
    pub const USER_AGENT: &str = "user_agent";
    /// Prefix of a submitted form value: `result.<field alias>`. Webhooks only.
    pub const RESULT_PREFIX: &str = "result.";
}

/// What kind of thing a contact did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ActivityKind {
    /// A hit of a Mautic landing page (`object` = page id).
    #[serde(rename = "page.hit")]
    PageHit,
    /// A hit of any other URL: tracking pixel, `mtc.js`, unknown Mautic URL.
    #[serde(rename = "url.hit")]
    UrlHit,
    /// A click on a tracked link (`object` = email id where it came from an email).
    #[serde(rename = "email.click")]
    EmailClick,
    /// One load of an email's pixel (`object` = email id).
    #[serde(rename = "email.open")]
    EmailOpen,
    /// An email handed to the mailer (`object` = email id).
    #[serde(rename = "email.send")]
    EmailSend,
    /// A form submission (`object` = form id).
    #[serde(rename = "form.submit")]
    FormSubmit,
    /// An asset download (`object` = asset id).
    #[serde(rename = "asset.download")]
    AssetDownload,
    /// A text message sent (`object` = SMS id).
    #[serde(rename = "sms.send")]
    SmsSend,
    /// A video watched (`object` = none; the video's address is the `url`).
    #[serde(rename = "video.play")]
    VideoPlay,
    /// Came into a segment (`object` = segment id).
    #[serde(rename = "segment.enter")]
    SegmentEnter,
    /// Came into a stage (`object` = stage id).
    #[serde(rename = "stage.enter")]
    StageEnter,
    /// Came into a campaign (`object` = campaign id).
    #[serde(rename = "campaign.enter")]
    CampaignEnter,
}

impl ActivityKind {
    /// All kinds, in the order they are documented.
    pub const ALL: [Self; 12] = [
        Self::PageHit,
        Self::UrlHit,
        Self::EmailClick,
        Self::EmailOpen,
        Self::EmailSend,
        Self::FormSubmit,
        Self::AssetDownload,
        Self::SmsSend,
        Self::VideoPlay,
        Self::SegmentEnter,
        Self::StageEnter,
        Self::CampaignEnter,
    ];

    /// The name used in plans, the store and the API, such as `page.hit`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PageHit => "page.hit",
            Self::UrlHit => "url.hit",
            Self::EmailClick => "email.click",
            Self::EmailOpen => "email.open",
            Self::EmailSend => "email.send",
            Self::FormSubmit => "form.submit",
            Self::AssetDownload => "asset.download",
            Self::SmsSend => "sms.send",
            Self::VideoPlay => "video.play",
            Self::SegmentEnter => "segment.enter",
            Self::StageEnter => "stage.enter",
            Self::CampaignEnter => "campaign.enter",
        }
    }

    /// Whether the contact did it himself (an email sent to him is not his doing).
    #[must_use]
    pub const fn is_engagement(self) -> bool {
        !matches!(
            self,
            Self::EmailSend
                | Self::SmsSend
                | Self::SegmentEnter
                | Self::StageEnter
                | Self::CampaignEnter
        )
    }
}

impl fmt::Display for ActivityKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ActivityKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.name() == text)
            .ok_or(())
    }
}

/// The natural key: the same activity told twice, by webhook and by poll, has the same key.
///
/// `hit:ID` (`page_hits`), `submission:ID`, `download:ID`, `send:HASH` and `open:HASH:NTH`
/// (HASH = `email_stats.tracking_hash`, the only name of a stat that webhook and table share),
/// `stage:ROW`, `video:ID`, `sms:ID:CONTACT:SECOND`, `segment:ID:CONTACT:SECOND`,
/// `campaign:ID:CONTACT:SECOND`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ActivityKey(pub String);

impl ActivityKey {
    /// Key of a row of `page_hits`.
    #[must_use]
    pub fn hit(id: u64) -> Self {
        Self(format!("hit:{id}"))
    }
    /// Key of a row of `form_submissions`.
    #[must_use]
    pub fn submission(id: u64) -> Self {
        Self(format!("submission:{id}"))
    }
    /// Key of a row of `asset_downloads`.
    #[must_use]
    pub fn download(id: u64) -> Self {
        Self(format!("download:{id}"))
    }
    /// The row of Mautic's that it names, by table and id, if Mautic dates that once and for all.
    #[must_use]
    pub fn dated_row(&self) -> Option<(&'static str, u64)> {
        let (kind, row) = self.0.split_once(':')?;
        let table = match kind {
            "hit" => "page_hits",
            "submission" => "form_submissions",
            "download" => "asset_downloads",
            _ => return None,
        };
        Some((table, row.parse().ok()?))
    }
    /// Key of a row of `lead_stages_change_log`.
    #[must_use]
    pub fn stage(row: u64) -> Self {
        Self(format!("stage:{row}"))
    }
    /// Key of a row of `video_hits`.
    #[must_use]
    pub fn video(id: u64) -> Self {
        Self(format!("video:{id}"))
    }
    /// Key of an entry into a segment. The same entry may be told with the second before or
    /// after: entries of one contact and segment within a minute count as one.
    #[must_use]
    pub fn segment(segment: SegmentId, contact: ContactId, at: Timestamp) -> Self {
        Self(format!("segment:{segment}:{contact}:{}", at.as_second()))
    }
    /// Key of an entry into a campaign (`campaign_leads` has no id).
    #[must_use]
    pub fn campaign(campaign: CampaignId, contact: ContactId, at: Timestamp) -> Self {
        Self(format!("campaign:{campaign}:{contact}:{}", at.as_second()))
    }
    /// Key of a text message: it has no name that webhook and table share.
    #[must_use]
    pub fn message(sms: SmsId, contact: ContactId, at: Timestamp) -> Self {
        Self(format!("sms:{sms}:{contact}:{}", at.as_second()))
    }
    /// Key of an email handed to the mailer.
    #[must_use]
    pub fn send(tracking_hash: &str) -> Self {
        Self(format!("send:{tracking_hash}"))
    }
    /// Key of the `nth` open (1 = first) of a sent email.
    #[must_use]
    pub fn open(tracking_hash: &str, nth: u32) -> Self {
        Self(format!("open:{tracking_hash}:{nth}"))
    }
}

impl fmt::Display for ActivityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Attributes of an activity by name (see [`attribute`]).
pub type Attributes = BTreeMap<String, String>;

/// Who told us of an activity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// A poll or backfill: the row as it stood when it was read.
    Poll,
    /// A webhook: written at the moment of the activity, so it knows best who did it.
    Webhook,
}

/// One thing a contact did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Natural key.
    pub key: ActivityKey,
    /// Who did it.
    pub contact: ContactId,
    /// When, in UTC with Mautic's resolution of one second.
    pub at: Timestamp,
    /// What kind of thing it was.
    pub kind: ActivityKind,
    /// The page, email, form, asset or message it was done to, if any.
    pub object: Option<u32>,
    /// The URL of a hit or click, as Mautic stored it.
    pub url: Option<String>,
    /// Whatever else is known.
    pub attributes: Attributes,
}

impl Activity {
    /// Value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name).map(String::as_str)
    }

    /// Takes over what another sighting of the same activity knows.
    ///
    /// Commutative for the attributes: a name that both carry keeps the webhook's value,
    /// or the greater one among equals (numbers as numbers). Of several times told the earliest
    /// counts: Mautic moves the time of a video while it is watched. The contact stays the one first
    /// seen, but a webhook's contact replaces a polled one: merges and browsers that change owner
    /// rewrite the tables (SEMANTICS 7). Returns whether anything changed.
    pub fn absorb(&mut self, mine: Source, other: &Self, theirs: Source) -> bool {
        let before = self.clone();
        let theirs_wins = theirs > mine;
        if theirs_wins {
            self.contact = other.contact;
            self.kind = other.kind;
        }
        self.at = self.at.min(other.at);
        self.object = pick(self.object, other.object, theirs_wins, theirs == mine);
        self.url = pick(
            self.url.take(),
            other.url.clone(),
            theirs_wins,
            theirs == mine,
        );
        for (name, value) in &other.attributes {
            let kept = self
                .attributes
                .entry(name.clone())
                .or_insert_with(|| value.clone());
            if theirs_wins || (theirs == mine && is_greater(value, kept)) {
                kept.clone_from(value);
            }
        }
        *self != before
    }
}

/// Numbers by their value and before all text, so that the order is a total one.
fn is_greater(one: &str, other: &str) -> bool {
    let number = |text: &str| text.parse::<u64>();
    match (number(one), number(other)) {
        (Ok(a), Ok(b)) if a != b => a > b,
        (Ok(_), Err(_)) => false,
        (Err(_), Ok(_)) => true,
        _ => one > other,
    }
}

fn pick<T: Ord>(mine: Option<T>, theirs: Option<T>, theirs_wins: bool, equals: bool) -> Option<T> {
    match (mine, theirs) {
        (Some(mine), Some(theirs)) if equals => Some(mine.max(theirs)),
        (Some(_), Some(theirs)) if theirs_wins => Some(theirs),
        (Some(mine), _) => Some(mine),
        (None, theirs) => theirs,
    }
}
