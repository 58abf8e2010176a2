//! The ways a recording can come in, each into a fresh store.

use super::{deliveries::Recorded, journal::Journal, mautic::RecordedMautic, recording::Recording};
use anyhow::ensure;
use jiff::Timestamp;
use std::{path::Path, sync::Arc};
use tokio_util::sync::CancellationToken;
use topicscore::{
    clock::ManualClock,
    intake::{
        Backfill, Decoder, Resolver, Signals,
        poll::{Feed, Options, Poller},
    },
    store::{Counts, Deliveries, Journal as _, NewDelivery, Owner, sqlite::SqliteStore},
};

/// How a recording comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Webhooks,
    Polls,
    BackfillThenPolls,
    WebhooksThenPolls,
    PollsThenWebhooks,
    Interleaved,
}

/// One instance's workers upon one store.
struct House {
    store: Arc<SqliteStore>,
    now: Timestamp,
    mautic: Arc<RecordedMautic>,
    decoder: Decoder<SqliteStore>,
    poller: Poller<SqliteStore, RecordedMautic>,
    resolver: Resolver<SqliteStore, RecordedMautic>,
}

/// Takes a recording in and reads what the journal then holds.
pub(crate) async fn ingest(
    recording: &Arc<Recording>,
    way: Way,
) -> anyhow::Result<(Journal, Counts)> {
    run(recording, way, &recording.deliveries).await
}

/// Webhooks alone, but these deliveries instead of the recorded ones.
pub(crate) async fn ingest_deliveries(
    recording: &Arc<Recording>,
    deliveries: &[Recorded],
) -> anyhow::Result<(Journal, Counts)> {
    run(recording, Way::Webhooks, deliveries).await
}

async fn run(
    recording: &Arc<Recording>,
    way: Way,
    deliveries: &[Recorded],
) -> anyhow::Result<(Journal, Counts)> {
    let folder = tempfile::tempdir()?;
    let store = filled(recording, way, deliveries, folder.path()).await?;
    let read = Journal::read(&store).await?;
    store.close().await;
    Ok(read)
}

/// A store in this folder that took the recording in.
pub(crate) async fn filled(
    recording: &Arc<Recording>,
    way: Way,
    deliveries: &[Recorded],
    folder: &Path,
) -> anyhow::Result<Arc<SqliteStore>> {
    let store = Arc::new(SqliteStore::open(folder.join("journal"))?);
    // Small pages where sources take turns, so that they really do.
    let page = if way == Way::Interleaved { 7 } else { 1000 };
    let house = House::on(&store, recording, page);
    match way {
        Way::Webhooks => house.hear(deliveries).await?,
        Way::Polls => house.poll().await?,
        Way::BackfillThenPolls => {
            house.backfill().await?;
            house.poll().await?;
        }
        Way::WebhooksThenPolls => {
            house.hear(deliveries).await?;
            house.poll().await?;
        }
        Way::PollsThenWebhooks => {
            house.poll().await?;
            house.hear(deliveries).await?;
            // A member added and taken out within one second may be told as in; the next sweep
            // finds no row of it.
            house.poller.poll_once(Feed::Members, house.now).await?;
        }
        Way::Interleaved => {
            for (turn, some) in deliveries.chunks(5).enumerate() {
                house.hear(some).await?;
                let feed = Feed::ALL[turn % Feed::ALL.len()];
                house.poller.poll_once(feed, house.now).await?;
            }
            house.poll().await?;
        }
    }
    house.resolve().await?;
    Ok(store)
}

impl House {
    fn on(store: &Arc<SqliteStore>, recording: &Arc<Recording>, page: u32) -> Self {
        let now = recording.after;
        let clock = Arc::new(ManualClock::new(now));
        let signals = Signals::default();
        let mautic = Arc::new(RecordedMautic(Arc::clone(recording)));
        let options = Options {
            rows: page,
            contacts: page.min(200),
            segments: recording.segments.clone().into(),
            ..Options::default()
        };
        let (owner, store) = (Owner("replay".to_owned()), Arc::clone(store));
        let (s, m) = (|| Arc::clone(&store), || Arc::clone(&mautic));
        Self {
            decoder: Decoder::new(s(), owner, clock.clone(), signals.clone()),
            poller: Poller::new(s(), m(), clock.clone(), signals.clone(), options),
            resolver: Resolver::new(s(), m(), clock, signals),
            store: s(),
            mautic: m(),
            now,
        }
    }

    /// Kept as the receiver keeps them: in order of arrival, many at once sharing their fsyncs.
    async fn hear(&self, deliveries: &[Recorded]) -> anyhow::Result<()> {
        let keep = |told: &Recorded| {
            self.store.append_delivery(NewDelivery {
                received_at: told.received_at,
                body: told.body_raw.clone().into_bytes(),
            })
        };
        futures::future::try_join_all(deliveries.iter().map(keep)).await?;
        while self.decoder.decode_once(self.now).await? > 0 {}
        Ok(())
    }

    async fn poll(&self) -> anyhow::Result<()> {
        for feed in Feed::ALL {
            while self.poller.poll_once(feed, self.now).await?.more {}
        }
        Ok(())
    }

    async fn backfill(&self) -> anyhow::Result<()> {
        let (store, mautic) = (Arc::clone(&self.store), Arc::clone(&self.mautic));
        let backfill = Backfill::new(store, mautic, Signals::default(), None);
        let stop = CancellationToken::new();
        let all = backfill.run(|| self.now, &stop, |_| {}).await?;
        ensure!(all, "the backfill stopped before its end");
        Ok(())
    }

    /// Asks about the ids that vanished and the contacts shown in part, as the daemon does.
    async fn resolve(&self) -> anyhow::Result<()> {
        // Not those who were told of late: the answers would hide what the source itself can tell.
        let told_late = self.store.to_look_up(usize::MAX).await?;
        let now = self.store.moment().await?;
        self.store.looked_up(&told_late, &[], now).await?;
        while self.resolver.resolve_once().await? > 0 {}
        // Those put off among them.
        let left = self.store.unresolved_gone(usize::MAX, Timestamp::MAX);
        let left = left.await?;
        ensure!(
            left.is_empty(),
            "contacts {left:?} vanished by one source and are in contacts.json"
        );
        Ok(())
    }
}
