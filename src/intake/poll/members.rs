//! Members of the segments that the plan owns: a table without an id (FACTS 103), read whole.

use super::{
    super::{
        decode::{self, Row, Table},
        reader::{Reader, Rows, Which},
    },
    Feed, Page, PollError, Polled, Poller, urgency,
};
use crate::{domain::SegmentId, store::Journal};
use jiff::Timestamp;

impl<S: Journal + ?Sized, M: Reader + ?Sized> Poller<S, M> {
    pub(super) async fn members(&self, now: Timestamp) -> Result<Polled, PollError> {
        let mut polled = Polled::default();
        for segment in &self.options.segments {
            self.members_of(*segment, now, &mut polled).await?;
        }
        Ok(polled)
    }

    async fn members_of(
        &self,
        segment: SegmentId,
        now: Timestamp,
        polled: &mut Polled,
    ) -> Result<(), PollError> {
        let mut after = 0;
        loop {
            let (table, limit) = (Table::SegmentMembers, self.options.rows);
            let which = Which::Members { segment, after };
            let rows = self
                .mautic
                .rows(&Rows {
                    table,
                    which,
                    limit,
                })
                .await?
                .rows;
            let Some(last) = rows.iter().filter_map(contact).max() else {
                return Ok(());
            };
            let decoded = decode::rows(table, &rows, now);
            polled.add(rows.len(), &decoded);
            let page = Page {
                decoded,
                cursor: None,
                asked_at: now,
                urgency: urgency(true),
            };
            self.keep(Feed::Members, page).await?;
            if rows.len() < limit as usize || last <= after {
                return Ok(());
            }
            after = last;
        }
    }
}

fn contact(row: &Row) -> Option<u32> {
    row.get("lead_id")?.parse().ok()
}
