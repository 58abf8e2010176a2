//! Sets the workers of an instance to work.

use super::gate::Gate;
use super::instance::{Instance, Listeners, StoredPoller};
use super::patient::{Patient, watch_for_damage};
use super::pulse::Pulse;
use super::standstill::{self, unless};
use crate::domain::{SegmentId, Urgency};
use crate::health::Weight;
use crate::intake::hook::{HookKeeper, HookOptions};
use crate::intake::poll::{Options as PollOptions, Poller, Segments};
use crate::intake::receiver::{Limits, Receiver, Secrets, ServerLimits, serve};
use crate::intake::{Decoder, Resolver, Signals};
use crate::lifecycle::Lifecycle;
use crate::plan::Compiled;
use crate::scorer::Scorer;
use crate::store::sqlite::Hold;
use crate::store::{Owner, RUN, SharedStore, Store};
use crate::web::{self, AdminState, Mode};
use crate::writeback::{ClientWrites, Dispatcher};
use jiff::SignedDuration;
use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Name of our hook in Mautic.
pub const HOOK_NAME: &str = "topicscore";
/// A worker that reports nothing for so long counts as down.
const SILENCE: SignedDuration = SignedDuration::from_mins(5);

/// Pause before the store is tried again.
const AGAIN: Duration = Duration::from_secs(2);
/// How often a worker that waits says so.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);

/// Segments whose members a plan needs to know: those it writes, and those its conditions ask about.
fn known_segments(plan: &Compiled) -> BTreeSet<SegmentId> {
    let asked = plan.asked_segments();
    plan.owned_segments().into_iter().chain(asked).collect()
}

/// What the workers share beside the store.
struct Shared {
    signals: Signals,
    secrets: Arc<Secrets>,
    receiver: Arc<Receiver<dyn Store>>,
    poller: Arc<StoredPoller>,
    decoder: Arc<Decoder<dyn Store>>,
    /// Cancelled when Mautic is not being read anew, or not any more.
    reread: CancellationToken,
    /// Cancelled when it is known who an id is: before, what somebody did may be taken for another's.
    people_known: CancellationToken,
}

impl Instance {
    /// Starts all workers. A plan must be loaded before.
    ///
    /// # Errors
    /// When the store fails, or the webhook's address is unknown.
    pub async fn start(
        &self,
        listeners: Listeners,
        lifecycle: &mut Lifecycle,
    ) -> anyhow::Result<()> {
        if self.hold.get().is_none() {
            let _ = self.hold.set(Hold::take(self.file.path())?);
        }
        let damage = self.file.damage();
        lifecycle.source("store", |stop| watch_for_damage(damage, stop));
        // Beside the work: reading a large store takes a while, and Mautic waits for nobody.
        self.file.examine();
        self.store.put_setting(RUN, &self.owner.0).await?;
        self.take_up_what_the_dead_held().await?;
        let shared = self.shared();
        self.start_standstill(&shared, lifecycle).await?;
        if !shared.signals.standstill.is_cancelled() {
            self.retry_what_was_not_understood().await?;
        }
        self.start_rereading(&shared, lifecycle).await?;
        let _ = self.poller.set(Arc::clone(&shared.poller));
        self.start_hook(&shared, lifecycle).await?;
        self.start_intake(&shared, listeners.webhook, lifecycle);
        self.start_scoring(&shared, lifecycle);
        if self.is_live() {
            let store_id = self.store.setting("store_id").await?.unwrap_or_default();
            self.start_writing(&shared, &store_id, lifecycle);
            let gate = self.gate(&shared);
            self.start_effects(&shared.signals, gate, lifecycle).await?;
        } else {
            tracing::info!(
                "observing: scores are computed and shown, nothing is written to Mautic"
            );
        }
        self.start_sweep(&shared.signals, shared.reread.clone(), lifecycle);
        self.start_admin(listeners.admin, lifecycle);
        self.start_eraser(lifecycle);
        self.start_pulse(&shared, lifecycle);
        Ok(())
    }

    /// After a crash nobody is to wait for leases of the process that is gone.
    async fn take_up_what_the_dead_held(&self) -> anyhow::Result<()> {
        let now = self.clock.now();
        // Mautic may still be at work on what they had sent.
        let settled_at = now.checked_add(self.config.mautic.longest_request);
        let settled_at = settled_at.unwrap_or(now);
        let ended = self.store.end_leases_of_the_dead(now, settled_at).await?;
        if ended > 0 {
            tracing::info!(leases = ended, "going on with what was left unfinished");
        }
        let unparked = self.store.unpark_intents().await?;
        if unparked > 0 {
            tracing::info!(
                intents = unparked,
                "trying again what Mautic refused before"
            );
        }
        Ok(())
    }

    async fn retry_what_was_not_understood(&self) -> anyhow::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let again = super::upgrade::retry_parked(&*self.store, version).await?;
        if again != super::upgrade::Retried::default() {
            tracing::info!(
                deliveries = again.deliveries,
                polled_rows = again.items,
                version,
                "decoding again what an earlier version did not understand"
            );
        }
        Ok(())
    }

    fn shared(&self) -> Shared {
        let signals = Signals::default();
        let secrets = Arc::new(Secrets::new(self.config.webhook.secrets.clone(), false));
        let limits = Limits {
            body: self.config.webhook.body_limit,
            read: self.config.webhook.read_timeout,
            ..Limits::default()
        };
        let store = Arc::clone(&self.store);
        Shared {
            receiver: Receiver::new(
                store,
                Arc::clone(&secrets),
                Arc::clone(&self.clock),
                signals.bells.deliveries.clone(),
                limits,
                self.metrics.metrics.intake.clone(),
            ),
            poller: Arc::new(self.new_poller(&signals)),
            decoder: Arc::new(Decoder::new(
                Arc::clone(&self.store),
                self.owner.clone(),
                Arc::clone(&self.clock),
                signals.clone(),
            )),
            secrets,
            signals,
            reread: CancellationToken::new(),
            people_known: CancellationToken::new(),
        }
    }

    /// Stands still from the beginning, if an earlier run noticed that Mautic was restored.
    async fn start_standstill(
        &self,
        shared: &Shared,
        lifecycle: &mut Lifecycle,
    ) -> anyhow::Result<()> {
        let standstill = shared.signals.standstill.clone();
        if standstill::noticed_before(&self.store).await?.is_some() {
            standstill.cancel();
        }
        let now = self.clock.now();
        let health = self.health.component("mautic", Weight::Required, None, now);
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let metrics = self.metrics.metrics.intake.clone();
        lifecycle.worker("standstill", |stop| {
            standstill::watch(store, clock, health, metrics, standstill, stop)
        });
        Ok(())
    }

    async fn start_rereading(
        &self,
        shared: &Shared,
        lifecycle: &mut Lifecycle,
    ) -> anyhow::Result<()> {
        if !self.store.is_rereading().await? {
            shared.people_known.cancel();
            shared.reread.cancel();
            return Ok(());
        }
        tracing::info!("reading Mautic anew: nothing is scored or written before that is done");
        let poller = Arc::clone(&shared.poller);
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let (reread, gone) = (shared.reread.clone(), shared.signals.bells.gone.clone());
        lifecycle.worker("rereading", |stop| async move {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = poller.caught_up() => {}
            }
            // A full disk passes.
            let end = async || {
                let newest = poller.newest_contact().await?;
                store.end_rereading(newest, clock.now()).await
            };
            while let Err(error) = end().await {
                tracing::error!(%error, "waiting until the store works again");
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
            tracing::info!("Mautic was read anew");
            gone.ring();
            reread.cancel();
            stop.cancelled().await;
            Ok(())
        });
        Ok(())
    }

    /// A poller of everything that this instance needs to know.
    fn new_poller(&self, signals: &Signals) -> StoredPoller {
        let plan = self.plan();
        let segments = move || plan.borrow().as_deref().map(known_segments);
        let options = PollOptions {
            interval: self.config.poll.interval,
            rows: self.config.poll.page_size,
            segments: Segments::of(move || segments().unwrap_or_default()),
            ..PollOptions::default()
        };
        Poller::new(
            Arc::clone(&self.store),
            Arc::new(self.client.clone()),
            Arc::clone(&self.clock),
            signals.clone(),
            options,
        )
    }

    fn start_intake(&self, shared: &Shared, listener: TcpListener, lifecycle: &mut Lifecycle) {
        let router = shared.receiver.router();
        lifecycle.source("receiver", |stop| async move {
            Ok(serve(listener, router, ServerLimits::default(), stop).await?)
        });
        let poller = Arc::clone(&shared.poller);
        let standstill = shared.signals.standstill.clone();
        let known = shared.people_known.clone();
        lifecycle.source("poller", |stop| {
            unless(standstill, stop, |stop| async move {
                if !known.is_cancelled() {
                    poller.read_people(&stop).await;
                    if !stop.is_cancelled() {
                        known.cancel();
                    }
                }
                poller.run(stop).await;
                Ok(())
            })
        });
        let decoder = Arc::clone(&shared.decoder);
        let standstill = shared.signals.standstill.clone();
        let known = shared.people_known.clone();
        lifecycle.worker("decoder", |stop| {
            unless(standstill, stop, |stop| async move {
                tokio::select! {
                    () = stop.cancelled() => return Ok(()),
                    () = known.cancelled() => {}
                }
                decoder.run(stop).await;
                Ok(())
            })
        });
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let mautic = Arc::new(self.client.clone());
        let resolver = Resolver::new(store, mautic, clock, shared.signals.clone());
        let standstill = shared.signals.standstill.clone();
        lifecycle.source("resolver", |stop| {
            unless(standstill, stop, |stop| async move {
                resolver.run(stop).await;
                Ok(())
            })
        });
    }

    async fn start_hook(&self, shared: &Shared, lifecycle: &mut Lifecycle) -> anyhow::Result<()> {
        let Some(url) = self
            .config
            .webhook
            .public_url
            .clone()
            .filter(|_| self.config.webhook.register)
        else {
            return Ok(());
        };
        let options = HookOptions {
            name: HOOK_NAME.to_owned(),
            url: url.to_string(),
            republish: self.config.webhook.republish,
        };
        let store: SharedStore = Arc::clone(&self.store);
        let mautic = Arc::new(self.client.clone());
        let keeper = HookKeeper::new(store, mautic, Arc::clone(&shared.secrets), options);
        keeper.restore().await?;
        let minder = super::hook::Minder {
            keeper,
            poller: Arc::clone(&shared.poller),
            clock: Arc::clone(&self.clock),
            interval: self.config.poll.interval,
            health: self
                .health
                .component("hook", Weight::Informative, None, self.clock.now()),
            metrics: self.metrics.metrics.intake.clone(),
        };
        lifecycle.source("hook", |stop| minder.run(stop));
        Ok(())
    }

    fn start_scoring(&self, shared: &Shared, lifecycle: &mut Lifecycle) {
        let now = self.clock.now();
        let scorer = Scorer {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            plan: self.plan(),
            owner: self.owner.clone(),
            dirty: shared.signals.bells.dirty.clone(),
            intents: shared.signals.bells.intents.clone(),
            metrics: self.metrics.metrics.scorer.clone(),
            health: self
                .health
                .component("scorer", Weight::Required, Some(SILENCE), now),
        };
        let patient = self.patient("scorer", &scorer.owner, &scorer.health);
        let (standstill, reread) = (shared.signals.standstill.clone(), shared.reread.clone());
        lifecycle.worker("scorer", |stop| {
            unless(standstill, stop, |stop| async move {
                wait_until_reread(&reread, &scorer, &stop).await;
                patient
                    .run(stop, move |stop| scorer.clone().run(stop))
                    .await
            })
        });
    }

    /// Two workers: one of them keeps free for contacts that just did something.
    fn start_writing(&self, shared: &Shared, store_id: &str, lifecycle: &mut Lifecycle) {
        for (name, least) in [
            ("writeback", Urgency::Bulk),
            ("writeback-urgent", Urgency::Fresh),
        ] {
            let health = self
                .health
                .component(name, Weight::Required, None, self.clock.now());
            let dispatcher = Dispatcher {
                store: Arc::clone(&self.store),
                clock: Arc::clone(&self.clock),
                mautic: Arc::new(ClientWrites {
                    client: self.client.clone(),
                    clock: Arc::clone(&self.clock),
                    longest_request: self.config.mautic.longest_request,
                }),
                // Stands in marks: a store restored from a backup knows its own name.
                owner: Owner(format!("{store_id}-{}-{name}", self.owner.0)),
                least,
                intents: shared.signals.bells.intents.clone(),
                effects: shared.signals.bells.effects.clone(),
                dirty: shared.signals.bells.dirty.clone(),
                polls: shared.signals.bells.polls.clone(),
                metrics: self.metrics.metrics.writeback.clone(),
                health,
            };
            let patient = self.patient(name, &dispatcher.owner, &dispatcher.health);
            let gate = self.gate(shared);
            let standstill = shared.signals.standstill.clone();
            lifecycle.worker(name, |stop| {
                unless(standstill, stop, |stop| async move {
                    gate.pass(&dispatcher.health, &stop).await;
                    patient
                        .run(stop, move |stop| dispatcher.clone().run(stop))
                        .await
                })
            });
        }
    }

    fn gate(&self, shared: &Shared) -> Gate {
        Gate {
            poller: Arc::clone(&shared.poller),
            clock: Arc::clone(&self.clock),
            store: Arc::clone(&self.store),
            reread: shared.reread.clone(),
        }
    }

    pub(super) fn patient(
        &self,
        name: &'static str,
        owner: &Owner,
        health: &crate::health::Reporter,
    ) -> Patient {
        Patient {
            name,
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            health: health.clone(),
            owner: owner.clone(),
            longest_request: self.config.mautic.longest_request,
        }
    }

    /// Its name: the host of its Mautic.
    pub(super) fn name(&self) -> String {
        let host = self.config.mautic.base_url.host_str();
        host.unwrap_or("mautic").to_owned()
    }

    fn start_admin(&self, listener: TcpListener, lifecycle: &mut Lifecycle) {
        let state = AdminState {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            plan: self.plan(),
            health: self.health.clone(),
            metrics: self.metrics.metrics.clone(),
            registry: Arc::clone(&self.metrics.registry),
            instance: self.name(),
            mode: Mode::from(self.config.write.mode),
            password: self.config.admin.password.clone(),
            started_at: self.clock.now(),
        };
        let router = web::router(state);
        // Last to go: an administrator may want to watch the shutdown.
        lifecycle.worker("admin", |stop| async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            let served = axum::serve(listener, service);
            Ok(served
                .with_graceful_shutdown(async move { stop.cancelled().await })
                .await?)
        });
    }

    fn start_eraser(&self, lifecycle: &mut Lifecycle) {
        let store = Arc::clone(&self.store);
        lifecycle.worker("eraser", |stop| super::eraser::run(store, stop));
    }

    fn start_pulse(&self, shared: &Shared, lifecycle: &mut Lifecycle) {
        let now = self.clock.now();
        let pulse = Pulse {
            store: Arc::clone(&self.store),
            file: Arc::clone(&self.file),
            clock: Arc::clone(&self.clock),
            poller: Arc::clone(&shared.poller),
            decoder: Arc::clone(&shared.decoder),
            metrics: Arc::clone(&self.metrics),
            budget: Arc::clone(&self.budget),
            requests_per_second: self.config.budget.requests_per_second,
            keep_bodies: self.config.webhook.keep_bodies,
            store_path: self.config.store.path.clone(),
            polls: self
                .health
                .component("polls", Weight::Informative, None, now),
            journal: self
                .health
                .component("store", Weight::Required, Some(SILENCE), now),
        };
        lifecycle.worker("pulse", |stop| pulse.run(stop));
    }
}

/// Scores of half a history would fire what falls below and rises again.
async fn wait_until_reread(reread: &CancellationToken, scorer: &Scorer, stop: &CancellationToken) {
    while !reread.is_cancelled() {
        let now = scorer.clock.now();
        scorer.health.ok("waiting until Mautic is read anew", now);
        tokio::select! {
            () = stop.cancelled() => return,
            () = reread.cancelled() => {}
            () = tokio::time::sleep(SIGN_OF_LIFE) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::plan::{Catalog, Named, Plan, compile};

    #[test]
    fn segments_written_and_asked_about_are_to_be_known() {
        let text = "format = 1\n[[topic]]\nkey = 'a'\n\
            [[segment]]\nsegment = 'One'\ntopic = 'a'\nenter = 50\nleave = 40\n\
            [[profile_rule]]\nname = 'r'\ntopic = 'a'\npoints = 1\nwhen = { segment = 'Three' }\n\
            [[profile_rule]]\nname = 's'\ntopic = 'a'\npoints = 1\nwhen = { tag = 'x' }\n";
        let (plan, _) = Plan::parse("plan.toml", text).unwrap();
        let named = |(id, name): (u32, &str)| Named {
            id,
            name: name.to_owned(),
        };
        let catalog = Catalog {
            segments: [(1, "One"), (2, "Two"), (3, "Three")].map(named).into(),
            ..Catalog::default()
        };
        let compiled = compile(&plan, &catalog).unwrap();
        assert_eq!(known_segments(&compiled), [1, 3].map(SegmentId).into());
    }
}
