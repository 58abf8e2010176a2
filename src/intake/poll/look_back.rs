//! Notices that Mautic was restored from a backup, and sees to it that nothing goes on then: ids mean
//! other rows and other people from then on.

use super::{
    super::{decode::Row, reader::Reader},
    Feed, PollError, Poller,
    landmark::{Place, Sign},
};
use crate::{
    domain::{WENT_BACK, WentBack},
    mautic::ContactAnswer,
    store::{Adjustments, Journal, Settings, StoreError},
};
use jiff::{SignedDuration, Timestamp};
use std::sync::PoisonError;

/// A row that is missing for so long was not just left out by a replica that lags.
const SURE: SignedDuration = SignedDuration::from_mins(5);

impl<S: Journal + Adjustments + Settings + ?Sized, M: Reader + ?Sized> Poller<S, M> {
    /// Compares the first rows of a table with the newest that was read before.
    pub(super) async fn look_back(
        &self,
        feed: Feed,
        place: Place,
        (rows, full): (&[Row], bool),
        now: Timestamp,
    ) -> Result<(), PollError> {
        let is = match place.sign(feed, rows, full, self.mautic.there(now)) {
            Sign::None => {
                self.missing().remove(&feed);
                return Ok(());
            }
            Sign::Replaced(is) => Some(is),
            Sign::Missing if self.is_missing_for_long(feed, now) => None,
            Sign::MissingOf(contact) if self.is_missing_for_long(feed, now) => {
                // Rows go with their contact; a merge hands them to the winner.
                if !matches!(self.mautic.contact(contact).await?, ContactAnswer::Found(_)) {
                    return Ok(());
                }
                None
            }
            Sign::Later | Sign::Missing | Sign::MissingOf(_) => return Ok(()),
        };
        let (Some(table), Some(landmark)) = (feed.table(), place.landmark) else {
            return Ok(());
        };
        Err(PollError::WentBack(WentBack {
            table: table.name().to_owned(),
            row: place.id,
            was: landmark.made_at,
            is,
            noticed_at: now,
        }))
    }

    fn is_missing_for_long(&self, feed: Feed, now: Timestamp) -> bool {
        let mut missing = self.missing();
        let since = missing.entry(feed).or_insert(now);
        // Our clock may have been set back.
        *since = now.min(*since);
        now.duration_since(*since) >= SURE
    }

    fn missing(&self) -> std::sync::MutexGuard<'_, std::collections::BTreeMap<Feed, Timestamp>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Kept first: whoever starts next must know it, too.
    pub(super) async fn stand_still(&self, sign: &WentBack) -> Result<(), StoreError> {
        let text = serde_json::to_string(sign)
            .map_err(|error| StoreError::Corrupt(format!("it can't be kept: {error}")))?;
        self.store.put_setting(WENT_BACK, &text).await?;
        self.signals.standstill.cancel();
        Ok(())
    }
}
