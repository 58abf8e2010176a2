//! Rows of Mautic's stats tables as facts.

use super::{
    Decoded, Fault, Unreadable,
    build::{Hit, activity},
    enter, mails, php,
    php::Php,
    row::{self, Row},
};
use crate::domain::{
    Activity, ActivityKey, ActivityKind, ContactId, Fact, GroupId, PointsLogRow, SmsId, Source,
    attribute,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Deletions older than this are taken as told; asking about each one of a long history would take
/// Mautic hours.
const SETTLED: SignedDuration = SignedDuration::from_hours(24);

/// A table of `/api/stats` that is polled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Table {
    /// `page_hits`.
    PageHits,
    /// `email_stats`.
    EmailStats,
    /// `email_stats_devices`: a row per open; see [`super::opened_stats`].
    EmailStatsDevices,
    /// `form_submissions`.
    FormSubmissions,
    /// `asset_downloads`.
    AssetDownloads,
    /// `lead_points_change_log`.
    PointsLog,
    /// `lead_lists_leads`, without an id.
    SegmentMembers,
    /// `lead_stages_change_log`.
    StagesLog,
    /// `campaign_leads`, without an id as well.
    CampaignMembers,
    /// `video_hits`: a row per contact and video, changed while it is watched.
    VideoHits,
    /// `sms_message_stats`.
    Messages,
    /// `audit_log`, of which only merges and deletions of contacts tell anything.
    AuditLog,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 12] = [
        Self::PageHits,
        Self::EmailStats,
        Self::EmailStatsDevices,
        Self::FormSubmissions,
        Self::AssetDownloads,
        Self::PointsLog,
        Self::SegmentMembers,
        Self::StagesLog,
        Self::CampaignMembers,
        Self::VideoHits,
        Self::Messages,
        Self::AuditLog,
    ];

    /// Mautic's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PageHits => "page_hits",
            Self::EmailStats => "email_stats",
            Self::EmailStatsDevices => "email_stats_devices",
            Self::FormSubmissions => "form_submissions",
            Self::AssetDownloads => "asset_downloads",
            Self::PointsLog => "lead_points_change_log",
            Self::SegmentMembers => "lead_lists_leads",
            Self::StagesLog => "lead_stages_change_log",
            Self::CampaignMembers => "campaign_leads",
            Self::VideoHits => "video_hits",
            Self::Messages => "sms_message_stats",
            Self::AuditLog => "audit_log",
        }
    }

    /// The column that says when a row was made.
    #[must_use]
    pub const fn date_column(self) -> &'static str {
        match self {
            Self::PageHits | Self::VideoHits => "date_hit",
            Self::EmailStats | Self::Messages => "date_sent",
            Self::EmailStatsDevices => "date_opened",
            Self::FormSubmissions => "date_submitted",
            Self::AssetDownloads => "date_download",
            Self::PointsLog
            | Self::StagesLog
            | Self::CampaignMembers
            | Self::SegmentMembers
            | Self::AuditLog => "date_added",
        }
    }

    /// The columns that together name a row: the order among rows of one second.
    #[must_use]
    pub const fn key_columns(self) -> &'static [&'static str] {
        match self {
            Self::SegmentMembers => &["lead_id", "leadlist_id"],
            Self::CampaignMembers => &["lead_id", "campaign_id"],
            _ => &["id"],
        }
    }
}

/// Decodes rows of a table in the order given; `asked_at` is when they were asked for.
#[must_use]
pub fn rows(table: Table, rows: &[Row], asked_at: Timestamp) -> Decoded {
    let mut decoded = Decoded::default();
    let merged = merged_away(table, rows);
    for row in rows {
        let mut told = Decoded::default();
        match one(&mut told, table, row, asked_at, &merged) {
            Ok(()) => decoded.append(told),
            Err(fault) => {
                let text = serde_json::to_string(row).unwrap_or_default();
                decoded
                    .unreadable
                    .push(Unreadable::new(table.name(), &fault, &text));
            }
        }
    }
    decoded
}

fn one(
    told: &mut Decoded,
    table: Table,
    row: &Row,
    asked_at: Timestamp,
    merged: &BTreeSet<u32>,
) -> Result<(), Fault> {
    match table {
        Table::PageHits => did(told, row, hit),
        Table::FormSubmissions => did(told, row, submission),
        Table::AssetDownloads => did(told, row, download),
        Table::EmailStats => mails::decode(told, row),
        Table::EmailStatsDevices => Ok(()),
        Table::PointsLog => points_log(told, row),
        Table::SegmentMembers => enter::member(told, row, asked_at),
        Table::StagesLog => enter::stage(told, row),
        Table::CampaignMembers => enter::campaign(told, row),
        Table::VideoHits => did(told, row, video),
        Table::Messages => message(told, row),
        Table::AuditLog => audit(told, row, asked_at, merged),
    }
}

fn did(
    told: &mut Decoded,
    row: &Row,
    read: fn(&Row, ContactId) -> Result<Activity, Fault>,
) -> Result<(), Fault> {
    let contact = row::maybe_id(row, "lead_id");
    let activity = read(row, ContactId(contact.unwrap_or(0)))?;
    if contact.is_some() {
        told.tell(Source::Poll, Fact::Activity(activity));
    } else {
        told.unattributed += 1;
    }
    Ok(())
}

fn hit(row: &Row, contact: ContactId) -> Result<Activity, Fault> {
    let left = row.get("date_left").and_then(|text| row::instant(text));
    Ok(Hit {
        id: row::row_id(row)?,
        contact,
        at: row::moment(row, "date_hit")?,
        page: row::maybe_id(row, "page_id"),
        email: row::maybe_id(row, "email_id"),
        redirect: row.contains_key("redirect_id"),
        url: row::text(row, "url"),
        more: vec![
            (attribute::CODE, row::text(row, "code")),
            (attribute::LEFT_AT, left.map(|at| at.to_string())),
            (attribute::REFERER, row::text(row, "referer")),
            (attribute::SOURCE, row::text(row, "source")),
            (attribute::SOURCE_ID, row::text(row, "source_id")),
            (attribute::TRACKING_ID, row::text(row, "tracking_id")),
            (attribute::TITLE, row::plain_text(row, "url_title")),
            (attribute::USER_AGENT, row::text(row, "user_agent")),
        ],
    }
    .activity())
}

fn submission(row: &Row, contact: ContactId) -> Result<Activity, Fault> {
    let key = ActivityKey::submission(row::row_id(row)?);
    let at = row::moment(row, "date_submitted")?;
    let kind = (ActivityKind::FormSubmit, row::maybe_id(row, "form_id"));
    let known = vec![
        (attribute::REFERER, row::text(row, "referer")),
        (attribute::TRACKING_ID, row::text(row, "tracking_id")),
        (attribute::PAGE, row::text(row, "page_id")),
    ];
    Ok(activity(key, contact, at, kind, known))
}

fn download(row: &Row, contact: ContactId) -> Result<Activity, Fault> {
    let key = ActivityKey::download(row::row_id(row)?);
    let at = row::moment(row, "date_download")?;
    let kind = (ActivityKind::AssetDownload, row::maybe_id(row, "asset_id"));
    let known = vec![
        (attribute::CODE, row::text(row, "code")),
        (attribute::EMAIL, row::text(row, "email_id")),
        (attribute::REFERER, row::text(row, "referer")),
        (attribute::SOURCE, row::text(row, "source")),
        (attribute::SOURCE_ID, row::text(row, "source_id")),
        (attribute::TRACKING_ID, row::text(row, "tracking_id")),
    ];
    Ok(activity(key, contact, at, kind, known))
}

/// Mautic renews the row, its time included, while the video is watched (`VideoModel.php`).
fn video(row: &Row, contact: ContactId) -> Result<Activity, Fault> {
    let key = ActivityKey::video(row::row_id(row)?);
    let at = row::moment(row, "date_hit")?;
    let known = vec![
        (attribute::CODE, row::text(row, "code")),
        (attribute::DURATION, row::text(row, "duration")),
        (attribute::REFERER, row::text(row, "referer")),
        (attribute::TIME_WATCHED, row::text(row, "time_watched")),
        (attribute::USER_AGENT, row::text(row, "user_agent")),
    ];
    Ok(Activity {
        url: row::text(row, "url"),
        ..activity(key, contact, at, (ActivityKind::VideoPlay, None), known)
    })
}

/// A message that the transport refused was not sent.
fn message(told: &mut Decoded, row: &Row) -> Result<(), Fault> {
    if row::flag(row, "is_failed") {
        told.ignored += 1;
        return Ok(());
    }
    did(told, row, sent)
}

fn sent(row: &Row, contact: ContactId) -> Result<Activity, Fault> {
    let at = row::moment(row, "date_sent")?;
    let sms = SmsId(row::id(row, "sms_id")?);
    let kind = (ActivityKind::SmsSend, Some(sms.0));
    let known = vec![
        (attribute::SOURCE, row::text(row, "source")),
        (attribute::SOURCE_ID, row::text(row, "source_id")),
    ];
    let key = ActivityKey::message(sms, contact, at);
    Ok(activity(key, contact, at, kind, known))
}

fn points_log(told: &mut Decoded, row: &Row) -> Result<(), Fault> {
    let log = PointsLogRow {
        id: row::row_id(row)?,
        contact: ContactId(row::id(row, "lead_id")?),
        group: row::maybe_id(row, "group_id").map(GroupId),
        delta: row::integer(row, "delta")?,
        log_type: row::text(row, "type").unwrap_or_default(),
        event_name: row::plain_text(row, "event_name").unwrap_or_default(),
        action_name: row::plain_text(row, "action_name").unwrap_or_default(),
        at: row::moment(row, "date_added")?,
    };
    told.tell(Source::Poll, Fact::PointsLog(log));
    Ok(())
}

/// Contacts whose deletion, in the same rows, is the end of a merge.
fn merged_away(table: Table, rows: &[Row]) -> BTreeSet<u32> {
    rows.iter()
        .filter(|row| table == Table::AuditLog && of_contact(row, "merge"))
        .filter_map(|row| row::maybe_id(row, "object_id"))
        .collect()
}

fn of_contact(row: &Row, action: &str) -> bool {
    let is = |column: &str, text: &str| row.get(column).is_some_and(|found| found == text);
    is("object", "lead") && is("bundle", "lead") && is("action", action)
}

/// A deletion is the end of a merge as well; the row of the merge comes right before it.
///
/// So a deletion of just now, whose merge might have been missed, only says that the id vanished,
/// and Mautic is asked. Of an old one Mautic has nothing more to say than the rows.
fn audit(
    told: &mut Decoded,
    row: &Row,
    asked_at: Timestamp,
    merged: &BTreeSet<u32>,
) -> Result<(), Fault> {
    let at = row::moment(row, "date_added")?;
    if of_contact(row, "merge") {
        let fact = Fact::Merged {
            loser: ContactId(row::id(row, "object_id")?),
            winner: ContactId(winner(row)?),
            at,
        };
        told.tell(Source::Poll, fact);
    } else if of_contact(row, "delete") {
        let contact = row::id(row, "object_id")?;
        if merged.contains(&contact) {
            return Ok(());
        }
        let contact = ContactId(contact);
        let fact = if asked_at.duration_since(at) < SETTLED {
            Fact::Gone { contact, at }
        } else {
            Fact::Deleted { contact, at }
        };
        told.tell(Source::Poll, fact);
    } else {
        told.ignored += 1;
    }
    Ok(())
}

fn winner(row: &Row) -> Result<u32, Fault> {
    let details = row::required(row, "details")?;
    let name = "details.merged_into";
    php::parse(details)
        .ok()
        .as_ref()
        .and_then(|details| details.get("merged_into"))
        .and_then(Php::as_text)
        .and_then(|id| id.parse().ok())
        .filter(|id| *id > 0)
        .ok_or_else(|| Fault::wrong(name, "the id of a contact", details))
}
