//! What is polled.

use super::super::decode::Table;
use jiff::SignedDuration;

/// One way of learning from Mautic by asking, with its own cursor and state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feed {
    /// New rows of `page_hits`.
    Hits,
    /// The same rows an hour later: by then Mautic has noted when the page was left, and rows
    /// that were committed late are there (FACTS 105).
    SettledHits,
    /// New rows of `email_stats`.
    Sends,
    /// New rows of `email_stats_devices`, and the sends they belong to, read again: opens.
    Opens,
    /// Sends whose `last_opened` moved: opens that left no device.
    LateOpens,
    /// New rows of `form_submissions`.
    Submissions,
    /// New rows of `asset_downloads`: no webhook tells of them (FACTS 78).
    Downloads,
    /// New rows of `lead_points_change_log`.
    PointsLog,
    /// The same rows an hour later: those that were committed late are there by then (FACTS 105). What
    /// others give is found nowhere else, once the contact has a newer row.
    SettledPoints,
    /// New rows of `lead_stages_change_log`: no webhook names a stage entered (FACTS 78).
    Stages,
    /// Rows of `campaign_leads` by the date of entry: no webhook tells of them (FACTS 78).
    Campaigns,
    /// Rows of `video_hits` by their date, which is renewed while a video is watched.
    Videos,
    /// New rows of `sms_message_stats`.
    Messages,
    /// Merges and deletions of contacts.
    AuditLog,
    /// Contacts by id: those never edited have no date of edit (FACTS 120).
    NewContacts,
    /// Contacts by date of edit.
    ChangedContacts,
    /// Members of the segments that the plan owns or asks about, or that adjustments are made for.
    Members,
}

impl Feed {
    /// All feeds, in the order they are polled: who is gone before who did what.
    pub const ALL: [Self; 17] = [
        Self::AuditLog,
        Self::NewContacts,
        Self::ChangedContacts,
        Self::Hits,
        Self::Submissions,
        Self::Sends,
        Self::Opens,
        Self::LateOpens,
        Self::Downloads,
        Self::PointsLog,
        Self::Stages,
        Self::Campaigns,
        Self::Videos,
        Self::Messages,
        Self::Members,
        Self::SettledHits,
        Self::SettledPoints,
    ];

    /// Name of its cursor, and in logs, metrics and the status.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hits => "page_hits",
            Self::SettledHits => "page_hits.settled",
            Self::Sends => "email_stats",
            Self::Opens => "email_stats_devices",
            Self::LateOpens => "email_stats.last_opened",
            Self::Submissions => "form_submissions",
            Self::Downloads => "asset_downloads",
            Self::PointsLog => "lead_points_change_log",
            Self::SettledPoints => "lead_points_change_log.settled",
            Self::Stages => "lead_stages_change_log",
            Self::Campaigns => "campaign_leads",
            Self::Videos => "video_hits",
            Self::Messages => "sms_message_stats",
            Self::AuditLog => "audit_log",
            Self::NewContacts => "contacts.new",
            Self::ChangedContacts => "contacts.changed",
            Self::Members => "lead_lists_leads",
        }
    }

    /// The table it walks through by id.
    #[must_use]
    pub const fn table(self) -> Option<Table> {
        match self {
            Self::Hits | Self::SettledHits => Some(Table::PageHits),
            Self::Sends => Some(Table::EmailStats),
            Self::Opens => Some(Table::EmailStatsDevices),
            Self::Submissions => Some(Table::FormSubmissions),
            Self::Downloads => Some(Table::AssetDownloads),
            Self::PointsLog | Self::SettledPoints => Some(Table::PointsLog),
            Self::Stages => Some(Table::StagesLog),
            Self::Messages => Some(Table::Messages),
            Self::AuditLog => Some(Table::AuditLog),
            Self::LateOpens
            | Self::Campaigns
            | Self::Videos
            | Self::NewContacts
            | Self::ChangedContacts
            | Self::Members => None,
        }
    }

    /// Whether it reads rows that are an hour old, each once.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::SettledHits | Self::SettledPoints)
    }

    /// The table it walks through by a date, and that date's column.
    #[must_use]
    pub const fn dated(self) -> Option<(Table, &'static str)> {
        match self {
            Self::LateOpens => Some((Table::EmailStats, "last_opened")),
            Self::Campaigns => Some((Table::CampaignMembers, "date_added")),
            Self::Videos => Some((Table::VideoHits, "date_hit")),
            _ => None,
        }
    }

    /// Least time between two polls, for those that are dear to Mautic or rarely tell anything.
    #[must_use]
    pub const fn pause(self) -> SignedDuration {
        match self {
            // Mautic has no index on `last_opened`.
            Self::LateOpens | Self::SettledHits | Self::SettledPoints => {
                SignedDuration::from_mins(5)
            }
            // Rare in most Mautics, and nobody waits for them.
            Self::Campaigns | Self::Videos | Self::Messages => SignedDuration::from_mins(1),
            Self::Members => SignedDuration::from_hours(6),
            _ => SignedDuration::ZERO,
        }
    }
}
