//! Group scores from reports, in pages, beside contacts taken by rising id.

use super::source::{Source, score};
use crate::clock::Clock;
use crate::domain::{ContactId, GroupId};
use crate::mautic::{Client, Priority};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Rows read at once: Mautic took 60 ms for 3000 (FACTS 35).
const ROWS: u32 = 1_000;

/// Scores of some contacts; who is not in it has none.
pub(super) type Scores = BTreeMap<ContactId, BTreeMap<GroupId, i32>>;

/// Reports being read.
#[derive(Debug)]
pub(super) struct Listed(Vec<Reader>);

/// A report being read: what came and was not asked for yet.
#[derive(Debug)]
struct Reader {
    source: Source,
    page: u32,
    rows: BTreeMap<(ContactId, GroupId), i32>,
    /// Every row of contacts below this one has come.
    below: ContactId,
    ended: bool,
    came: u64,
    total: u64,
    asked_at: Timestamp,
}

impl Listed {
    pub(super) fn new(sources: Vec<Source>) -> Self {
        let reader = |source| Reader {
            source,
            page: 1,
            rows: BTreeMap::new(),
            below: ContactId(0),
            ended: false,
            came: 0,
            total: 0,
            asked_at: Timestamp::MAX,
        };
        Self(sources.into_iter().map(reader).collect())
    }

    /// Scores of all contacts up to `last` that were not asked for before; when the oldest of
    /// them was asked of Mautic; and how many calls that took.
    ///
    /// # Errors
    /// Why the reports can't be used any more.
    pub(super) async fn up_to(
        &mut self,
        last: ContactId,
        client: &Client,
        clock: &dyn Clock,
    ) -> Result<(Scores, Timestamp, u32), String> {
        let (mut scores, mut asked_at, mut calls) = (Scores::new(), clock.now(), 0);
        for reader in &mut self.0 {
            while !reader.ended && reader.below <= last {
                reader.read(client, clock.now()).await?;
                calls += 1;
            }
            asked_at = asked_at.min(reader.asked_at);
            for ((contact, group), score) in reader.take(last) {
                scores.entry(contact).or_default().insert(group, score);
            }
        }
        Ok((scores, asked_at, calls))
    }

    /// Rows that Mautic counted and did not show: the pages did not fit together. Known at the end.
    pub(super) fn missing(&self) -> u64 {
        let missing = |reader: &Reader| reader.total.saturating_sub(reader.came);
        let ended = self.0.iter().filter(|reader| reader.ended);
        ended.map(missing).sum()
    }
}

impl Reader {
    async fn read(&mut self, client: &Client, now: Timestamp) -> Result<(), String> {
        let Source { report, .. } = self.source;
        let page = client
            .report_page(report, self.page, ROWS, Priority::Bulk)
            .await
            .map_err(|error| format!("report {report}: {error}. {}", error.hint()))?;
        let unreadable = || format!("report {report} shows rows without contact, group or score");
        // What waited here longest is as old as this.
        self.asked_at = if self.rows.is_empty() {
            now
        } else {
            self.asked_at.min(now)
        };
        for row in &page.rows {
            let (contact, group, score) = score(self.source, row).ok_or_else(unreadable)?;
            if contact < self.below {
                return Err(format!("report {report} is not ordered by contact id"));
            }
            self.below = contact;
            if self.rows.insert((contact, group), score).is_none() {
                self.came += 1;
            }
        }
        self.total = page.total;
        self.page += 1;
        self.ended = page.rows.len() < ROWS as usize;
        Ok(())
    }

    fn take(&mut self, last: ContactId) -> BTreeMap<(ContactId, GroupId), i32> {
        let beyond = ContactId(last.0.saturating_add(1));
        let later = self.rows.split_off(&(beyond, GroupId(0)));
        std::mem::replace(&mut self.rows, later)
    }
}
