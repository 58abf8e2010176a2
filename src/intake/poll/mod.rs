//! Polls: what webhooks do not tell, or may have lost.
//!
//! Each [`Feed`] reads page by page and commits a page's facts with its cursor. Ids are given
//! before rows are committed, so every poll reads a little of the past again (FACTS 105).

mod contacts;
mod dated;
mod feed;
mod ids;
mod landmark;
mod look_back;
mod members;
mod page;
mod segments;
mod status;

#[cfg(test)]
mod tests;

pub use feed::Feed;
pub use segments::Segments;
pub use status::FeedStatus;

pub(super) use contacts::profiles;
pub(super) use ids::last_id;
pub(super) use page::{Page, without_merged};

use super::{decode::Decoded, decoder::Signals, reader::Reader};
use crate::{
    clock::Clock,
    domain::{ContactId, SegmentId, WENT_BACK, WentBack},
    mautic,
    store::{Adjustments, Journal, Settings, StoreError, Urgency},
};
use jiff::Timestamp;
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

/// Why a feed could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// Mautic could not be asked, or said no.
    #[error("{0}. {hint}", hint = .0.hint())]
    Mautic(#[from] mautic::Error),
    /// The journal could not keep what was read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Mautic was restored from a backup; see [`WENT_BACK`](crate::domain::WENT_BACK).
    #[error("{0}")]
    WentBack(WentBack),
}

/// Where a feed begins that was never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// At the first row ever.
    #[default]
    Beginning,
    /// At the newest row; what was before is left to a backfill.
    Now,
}

/// How to poll.
#[derive(Debug, Clone)]
pub struct Options {
    /// Time between two rounds.
    pub interval: Duration,
    /// Most rows of a page.
    pub rows: u32,
    /// Most contacts of a page.
    pub contacts: u32,
    /// Most pages of one feed before the others have their turn.
    pub pages: u32,
    /// Where a feed begins that was never read.
    pub start: Start,
    /// Segments whose members are compared with what we know.
    pub segments: Segments,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(15),
            rows: 1000,
            contacts: 200,
            pages: 20,
            start: Start::default(),
            segments: Segments::default(),
        }
    }
}

/// What reading a feed came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Polled {
    /// Rows read, overlaps included.
    pub rows: u64,
    /// Rows that could not be understood.
    pub unreadable: u64,
    /// Activities of deleted contacts.
    pub unattributed: u64,
    /// Whether there is more to read.
    pub more: bool,
}

/// Polls one Mautic.
#[derive(Debug)]
pub struct Poller<S: ?Sized, M: ?Sized> {
    store: Arc<S>,
    mautic: Arc<M>,
    clock: Arc<dyn Clock>,
    signals: Signals,
    options: Options,
    state: Mutex<BTreeMap<Feed, FeedStatus>>,
    /// What a feed's overlap held the last time: the same again is not applied again.
    seen: Mutex<BTreeMap<Feed, u64>>,
    /// Since when a table's newest row is missing.
    missing: Mutex<BTreeMap<Feed, Timestamp>>,
    /// Segments whose members were read the last time.
    swept: Mutex<BTreeSet<SegmentId>>,
    wake: Notify,
    /// Whether everything there was when we began has been read.
    caught_up: watch::Sender<bool>,
}

impl<S: Journal + Adjustments + Settings + ?Sized, M: Reader + ?Sized> Poller<S, M> {
    /// A poller.
    #[must_use]
    pub fn new(
        store: Arc<S>,
        mautic: Arc<M>,
        clock: Arc<dyn Clock>,
        signals: Signals,
        options: Options,
    ) -> Self {
        Self {
            store,
            mautic,
            clock,
            signals,
            options,
            state: Mutex::default(),
            seen: Mutex::default(),
            missing: Mutex::default(),
            swept: Mutex::default(),
            wake: Notify::new(),
            caught_up: watch::Sender::new(false),
        }
    }

    /// How each feed is doing.
    #[must_use]
    pub fn status(&self) -> BTreeMap<Feed, FeedStatus> {
        self.state().clone()
    }

    /// Begins the next round now: deliveries may have been lost.
    pub fn wake(&self) {
        self.wake.notify_one();
    }

    /// Reads who there is, and who is gone, to the end; what they did is read afterwards. For a Mautic
    /// whose ids may mean other people than before.
    pub async fn read_people(&self, stop: &CancellationToken) {
        // Merges need to know who is there, all of them.
        for feed in [Feed::NewContacts, Feed::AuditLog] {
            self.read_to_end(feed, stop).await;
        }
    }

    async fn read_to_end(&self, feed: Feed, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            match self.poll_once(feed, self.clock.now()).await {
                Ok(polled) if polled.more => {}
                Ok(_) => return,
                Err(_) => tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(self.options.interval) => {}
                },
            }
        }
    }

    /// The highest id of a contact that Mautic has shown; 0 if it has none.
    ///
    /// # Errors
    /// The store's.
    pub async fn newest_contact(&self) -> Result<ContactId, StoreError> {
        let place = self.cursor::<landmark::Place>(Feed::NewContacts).await?;
        let newest = place.map_or(0, |place| place.id);
        Ok(ContactId(u32::try_from(newest).unwrap_or(u32::MAX)))
    }

    /// Polls until `stop`; a page under way is finished first.
    pub async fn run(&self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let bell = self.signals.bells.polls.armed();
            let round = self.round(self.clock.now(), &stop).await;
            // A round that was cut short has not read everything.
            let whole = !stop.is_cancelled() && !self.signals.standstill.is_cancelled();
            if whole && !round.more && !self.fails() {
                self.caught_up.send_replace(true);
            }
            let pause = if round.more {
                Duration::ZERO
            } else {
                self.options.interval
            };
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.wake.notified() => {}
                () = bell.wait(pause) => {}
            }
        }
    }

    /// Waits until every table has been read to its end once since this poller was made.
    pub async fn caught_up(&self) {
        let mut caught_up = self.caught_up.subscribe();
        // The sender lives as long as the poller.
        let _ = caught_up.wait_for(|caught_up| *caught_up).await;
    }

    /// Whether some feeds fail, and all others were read to their end once: waiting longer may tell
    /// nothing more. While Mautic answers nothing at all, or there is more to read, it does.
    #[must_use]
    pub fn only_fails(&self) -> bool {
        let state = self.state();
        let (failing, others): (Vec<_>, Vec<_>) =
            state.values().partition(|feed| feed.failures > 0);
        let read = |feed: &&FeedStatus| feed.last_success.is_some();
        !failing.is_empty() && !others.is_empty() && others.iter().all(read)
    }

    fn fails(&self) -> bool {
        let state = self.state();
        state.values().any(|feed| feed.retry_at().is_some())
    }

    /// Polls every feed that is due, one after the other; one that fails does not stop the others.
    pub async fn round(&self, now: Timestamp, stop: &CancellationToken) -> Polled {
        let mut round = Polled::default();
        // Other processes may have noticed it.
        if self
            .store
            .setting(WENT_BACK)
            .await
            .is_ok_and(|sign| sign.is_some())
        {
            self.signals.standstill.cancel();
        }
        self.state()
            .values_mut()
            .for_each(|status| status.forget_later(now));
        let others = self.watches_others().await;
        for feed in Feed::ALL {
            let due =
                self.is_due(feed, now) || (feed == Feed::Members && others && !self.waits(now));
            let over = stop.is_cancelled() || self.signals.standstill.is_cancelled();
            if over || !due {
                continue;
            }
            if let Ok(polled) = self.poll_once(feed, now).await {
                round.rows += polled.rows;
                round.more |= polled.more;
            }
        }
        round
    }

    /// Polls one feed, at most [`Options::pages`] pages of it.
    ///
    /// # Errors
    /// [`PollError`]; it stands in [`Poller::status`], too.
    pub async fn poll_once(&self, feed: Feed, now: Timestamp) -> Result<Polled, PollError> {
        let polled = match (feed, feed.dated()) {
            (_, Some(dated)) => self.by_date(feed, dated, now).await,
            (Feed::NewContacts, _) => self.new_contacts().await,
            (Feed::ChangedContacts, _) => self.changed_contacts(now).await,
            (Feed::Members, _) => self.members().await,
            _ => self.by_id(feed, now).await,
        };
        self.note(feed, now, &polled);
        if let Err(PollError::WentBack(sign)) = &polled {
            self.stand_still(sign).await?;
        }
        polled
    }

    fn is_due(&self, feed: Feed, now: Timestamp) -> bool {
        let state = self.state();
        state
            .get(&feed)
            .is_none_or(|status| status.is_due(now, feed.pause()))
    }

    /// When a feed was last read to its end, as far as that can be told from `now`.
    fn last_read(&self, feed: Feed, now: Timestamp) -> Option<Timestamp> {
        let last_success = self.state().get(&feed)?.last_success;
        last_success.filter(|last| *last <= now)
    }

    /// Whether the members failed to be read and are not to be tried yet.
    fn waits(&self, now: Timestamp) -> bool {
        let state = self.state();
        let retry_at = state.get(&Feed::Members).and_then(FeedStatus::retry_at);
        retry_at.is_some_and(|retry_at| now < retry_at)
    }

    /// Whether the last poll left something to read: then the next goes on without an overlap,
    /// which may be longer than what one poll reads.
    fn is_behind(&self, feed: Feed) -> bool {
        self.state().get(&feed).is_some_and(|status| status.behind)
    }

    /// Should the next page fail, the next poll goes on behind this one.
    fn note_more(&self, feed: Feed) {
        self.state().entry(feed).or_default().behind = true;
    }

    fn note(&self, feed: Feed, now: Timestamp, polled: &Result<Polled, PollError>) {
        let mut state = self.state();
        let status = state.entry(feed).or_default();
        status.last_attempt = Some(now);
        match polled {
            Ok(polled) => {
                status.rows += polled.rows;
                status.unreadable += polled.unreadable;
                status.unattributed += polled.unattributed;
                status.error = None;
                status.failures = 0;
                status.behind = polled.more;
                if !polled.more {
                    status.last_success = Some(now);
                }
            }
            Err(error) => {
                status.failures = status.failures.saturating_add(1);
                status.error = Some(error.to_string());
                if !matches!(error, PollError::WentBack(_)) {
                    tracing::warn!(feed = feed.name(), %error, "polling failed; trying again");
                }
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, BTreeMap<Feed, FeedStatus>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a feed holds the same as the last time, so that nothing needs to be applied.
    fn is_known(&self, feed: Feed, rows: &impl Hash) -> bool {
        let mut hasher = DefaultHasher::new();
        rows.hash(&mut hasher);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(feed, hasher.finish()) == Some(hasher.finish())
    }

    /// Nothing was applied after all.
    fn forget(&self, feed: Feed) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.remove(&feed);
    }

    async fn cursor<T: std::str::FromStr>(&self, feed: Feed) -> Result<Option<T>, StoreError> {
        let name = feed.name();
        let Some(position) = self.store.cursor(name).await? else {
            return Ok(None);
        };
        position
            .parse()
            .map(Some)
            .map_err(|_| StoreError::Corrupt(format!("the cursor {name} is at \"{position}\"")))
    }

    async fn keep(&self, feed: Feed, page: Page) -> Result<(), StoreError> {
        let gone = page.tells_of_gone();
        let applied = page
            .apply(&*self.store)
            .await
            .inspect_err(|_| self.forget(feed))?;
        if applied.dirty_contacts > 0 {
            self.signals.bells.dirty.ring();
        }
        if applied.restored {
            tracing::warn!(
                "Mautic's points log shows writes that this store does not know: it was restored from a backup. \
                 Everything is looked at before it is written; mails and webhooks of triggers that may have been \
                 done are left to you: `topicscore effects`"
            );
        }
        if applied.went_back {
            self.signals.standstill.cancel();
        }
        if gone {
            self.signals.bells.gone.ring();
        }
        Ok(())
    }
}

impl Polled {
    fn add(&mut self, rows: usize, decoded: &Decoded) {
        self.rows += rows as u64;
        self.unreadable += decoded.unreadable.len() as u64;
        self.unattributed += decoded.unattributed;
    }
}

/// A full page means that much happened, or long ago: who was active just now goes first.
const fn urgency(full: bool) -> Urgency {
    if full { Urgency::Bulk } else { Urgency::Fresh }
}
