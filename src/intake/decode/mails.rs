//! Rows of `email_stats`: a send, and one open per entry of `open_details`.

use super::{
    Decoded, Fault,
    build::{Known, activity},
    php::{self, Php},
    row::{self, Row},
};
use crate::domain::{ActivityKey, ActivityKind, ContactId, Fact, Source, attribute};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// Ids of the `email_stats` rows that rows of `email_stats_devices` belong to: those were opened
/// and must be read again (FACTS 104).
#[must_use]
pub fn opened_stats(devices: &[Row]) -> BTreeSet<u64> {
    devices
        .iter()
        .filter_map(|row| row.get("stat_id")?.parse().ok())
        .collect()
}

struct Mail<'a> {
    hash: &'a str,
    contact: ContactId,
    email: Option<u32>,
    source: Known<'static>,
}

pub(super) fn decode(told: &mut Decoded, row: &Row) -> Result<(), Fault> {
    let hash = row::required(row, "tracking_hash")?;
    let sent_at = row::moment(row, "date_sent")?;
    let opens = opens(row)?;
    let Some(contact) = row::maybe_id(row, "lead_id") else {
        told.unattributed += 1 + opens.len() as u64;
        return Ok(());
    };
    let mail = Mail {
        hash,
        contact: ContactId(contact),
        email: row::maybe_id(row, "email_id"),
        source: vec![
            (attribute::SOURCE, row::text(row, "source")),
            (attribute::SOURCE_ID, row::text(row, "source_id")),
        ],
    };
    // A mail that the mailer refused was not sent.
    if !row::flag(row, "is_failed") {
        let kind = (ActivityKind::EmailSend, mail.email);
        let key = ActivityKey::send(hash);
        let send = activity(key, mail.contact, sent_at, kind, mail.source.clone());
        told.tell(Source::Poll, Fact::Activity(send));
    } else if opens.is_empty() {
        told.ignored += 1;
    }
    for open in opens {
        told.tell(Source::Poll, Fact::Activity(mail.opened(open)));
    }
    Ok(())
}

struct Open {
    nth: u32,
    at: Timestamp,
    user_agent: Option<String>,
}

impl Mail<'_> {
    fn opened(&self, open: Open) -> crate::domain::Activity {
        let mut known = self.source.clone();
        known.push((attribute::NTH, Some(open.nth.to_string())));
        known.push((attribute::USER_AGENT, open.user_agent));
        let key = ActivityKey::open(self.hash, open.nth);
        let kind = (ActivityKind::EmailOpen, self.email);
        activity(key, self.contact, open.at, kind, known)
    }
}

/// The entries of `open_details`, and the last open where Mautic stopped writing them (it keeps
/// 1000: `Stat::MAX_OPEN_DETAILS`) or never did (`date_read` of a stat marked as read).
fn opens(row: &Row) -> Result<Vec<Open>, Fault> {
    let mut opens = details(row)?;
    let count = match row.get("open_count") {
        Some(_) => row::integer(row, "open_count")?,
        None => 0,
    };
    let last = ["last_opened", "date_read"]
        .into_iter()
        .find(|column| row.contains_key(*column));
    let read = row::flag(row, "is_read");
    let nth = u32::try_from(count.max(i64::from(read))).unwrap_or(0);
    if let (true, Some(column)) = (nth as usize > opens.len(), last) {
        opens.push(Open {
            nth,
            at: row::moment(row, column)?,
            user_agent: None,
        });
    }
    Ok(opens)
}

fn details(row: &Row) -> Result<Vec<Open>, Fault> {
    const COLUMN: &str = "open_details";
    let Some(text) = row.get(COLUMN).filter(|text| !text.is_empty()) else {
        return Ok(Vec::new());
    };
    let wrong = |reason: &str| Fault::wrong(COLUMN, "a list that PHP serialised", reason);
    match php::parse(text).map_err(|fault| wrong(&fault.to_string()))? {
        Php::Null => Ok(Vec::new()),
        Php::Array(entries) => (1..)
            .zip(entries)
            .map(|(nth, (_, entry))| detail(nth, &entry))
            .collect(),
        _ => Err(wrong(text)),
    }
}

fn detail(nth: u32, entry: &Php) -> Result<Open, Fault> {
    let column = || format!("open_details[{}].datetime", nth - 1);
    let text = entry
        .get("datetime")
        .and_then(Php::as_text)
        .ok_or_else(|| Fault::Missing(column()))?;
    let at = row::instant(&text).ok_or_else(|| Fault::wrong(&column(), "a date", &text))?;
    let user_agent = entry.get("useragent").and_then(Php::as_text);
    Ok(Open {
        nth,
        at,
        user_agent: user_agent.map(|text| text.replace('\0', "")),
    })
}
