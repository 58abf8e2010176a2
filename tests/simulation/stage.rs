//! Everything of a run but its course: the world, the network, and a process that is not there yet.

use super::clock::Time;
use super::crash::Crash;
use super::daemon::{Around, Daemon, store_path};
use super::diary::Diary;
use super::dice::Dice;
use super::firings::{Alerts, Firings};
use super::mautic::{Mautic, Topic};
use super::network::Network;
use super::oracle::{Oracle, Scored, Variant};
use super::plan;
use super::receivers::Receivers;
use super::watch::Watch;
use super::world::World;
use jiff::SignedDuration;
use mautic_fixtures::QueueMode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// In runs of seeds from here on Mautic is restored from backups; their plans have no triggers.
pub(crate) const WITH_RESTORES: u64 = 20_000;

/// The parts of a run.
pub(crate) struct Stage {
    /// Time.
    pub(crate) time: Time,
    /// What happens.
    pub(crate) diary: Arc<Diary>,
    /// Crashes.
    pub(crate) crash: Crash,
    /// Mautic.
    pub(crate) mautic: Arc<Mautic>,
    /// What there is to score.
    pub(crate) topics: Vec<Topic>,
    /// What must come out.
    pub(crate) oracle: Arc<Mutex<Oracle>>,
    /// People.
    pub(crate) world: Arc<tokio::sync::Mutex<World>>,
    /// What outlives a crash.
    pub(crate) around: Around,
    /// What triggers did, if the plan has any.
    pub(crate) firings: Option<Arc<Firings>>,
    variant: Variant,
    _folder: tempfile::TempDir,
}

/// A folder in memory, if there is one: runs are many, and power is never lost in them.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// A runtime on one thread, whose time stands still until everybody waits for it.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap()
}

impl Stage {
    /// Sets the stage. Mautic's clock is so far off the true time.
    pub(crate) async fn set(
        seed: u64,
        variant: Variant,
        queue_mode: QueueMode,
        mautic_off: SignedDuration,
    ) -> Self {
        let (diary, time) = (Arc::new(Diary::default()), Time::new());
        time.set_mautics(mautic_off);
        let mautic = Arc::new(Mautic::new(seed, queue_mode, &time));
        let topics = vec![
            mautic.make_topic("Pumps", "pumps").await,
            mautic.make_topic("Ovens", "ovens").await,
        ];
        let own_action = mautic.make_own_action_and_hook().await;
        let oracle = Arc::new(Mutex::new(Oracle::new(variant, topics.len())));
        let dice = |stream| Dice::new(seed, stream);
        let world = World::new(&mautic, &topics, &oracle, dice(2), &time, &diary);
        let world = Arc::new(tokio::sync::Mutex::new(world));
        let crash = Crash::new(&diary);
        let firings = match variant.triggers {
            None => None,
            Some(triggers) => {
                let alerts = Alerts::make(&mautic).await;
                Some(Arc::new(Firings::new(triggers, alerts, &oracle, &diary)))
            }
        };
        let receivers = firings.as_ref().map(|firings| {
            let receivers = Receivers::new(firings, &crash, dice(6), &diary);
            Arc::new(receivers)
        });
        let watch = Watch::new(&mautic, &topics, &oracle, &diary, firings.as_ref());
        let network = Network::new(&mautic, &world, watch, &crash, dice(3), &time, &diary);
        let folder = folder();
        let around = Around {
            path: store_path(folder.path()),
            network: Arc::new(network),
            chance: Arc::new(dice(4)),
            time: time.clone(),
            crash: crash.clone(),
            plan: plan::text(&topics, own_action, variant),
            topics: topics.clone(),
            alerts: firings.as_ref().map(|firings| firings.alerts().clone()),
            receivers,
            is_gated: seed >= WITH_RESTORES,
        };
        Self {
            time,
            diary,
            crash,
            mautic,
            topics,
            oracle,
            world,
            around,
            firings,
            variant,
            _folder: folder,
        }
    }

    /// A new step begins.
    pub(crate) fn begin_step(&self, step: u64) {
        self.oracle().begin_step(step);
        self.around.network.begin_step(step);
    }

    /// What must come out.
    pub(crate) fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares Mautic with what is true, and the store with what is done.
    pub(crate) async fn compare(&self, daemon: &Daemon) {
        let errors = daemon.poll_errors();
        if !errors.is_empty() {
            self.diary.wrong(format!("polls fail: {errors:?}"));
        }
        let counts = daemon.store.counts().await.unwrap();
        let undone = [
            counts.undecoded,
            counts.dirty,
            counts.pending_intents,
            counts.parked,
            counts.pending_effects,
        ];
        if undone != [0; 5] {
            let pending = daemon.pending().await;
            self.diary
                .wrong(format!("not at rest: {counts:?}, {pending:#?}"));
        }
        let deleted = self.oracle().all_deleted();
        for contact in deleted {
            self.diary.count("checked", "deleted contacts gone");
            let id = topicscore::domain::ContactId(u32::try_from(contact).unwrap());
            if daemon.store.contact_overview(id).await.unwrap().is_some() {
                self.diary.wrong(format!(
                    "something is kept of the deleted contact {contact}"
                ));
            }
        }
        for contact in self.mautic.standin.contacts().await {
            if self.oracle().was_deleted_once(contact) || self.oracle().is_unsure(contact) {
                self.diary.count(
                    "not promised",
                    "told apart by nobody after Mautic was restored",
                );
                continue;
            }
            if self.variant.main.is_some() {
                let held = self.mautic.standin.points(contact).await.unwrap_or(0);
                self.compare_score(contact, Scored::Main, held);
            }
            let topics = self.topics.iter().enumerate();
            for (topic, has) in topics.filter(|_| self.variant.groups) {
                let held = self.mautic.score(contact, has.group).await;
                self.compare_score(contact, Scored::Topic(topic), held);
                let members = self.mautic.standin.segment_members(has.segment).await;
                self.compare_member(contact, topic, members.contains(&contact));
            }
        }
        if let Some(firings) = &self.firings {
            firings.compare(&self.mautic, daemon).await;
        }
    }

    /// Faults of so many out of a hundred requests and calls.
    pub(crate) fn faults(&self, percent: u64) {
        self.around.network.faults(percent);
        if let Some(receivers) = &self.around.receivers {
            // They are called seldom.
            receivers.faults(percent * 2);
        }
    }

    fn compare_score(&self, contact: u64, of: Scored, held: i64) {
        self.diary.count("checked", "scores at rest");
        let truth = self.oracle().score(contact, of);
        let may_miss = self.oracle().may_miss(contact);
        if of == Scored::Main && held != truth && may_miss.contains(&(truth - held)) {
            self.diary.count(
                "not promised",
                "main points logged, not added, found out by nobody",
            );
        } else if held != truth {
            let what = format!("contact {contact} has {held} of {of:?}, true is {truth}");
            self.diary.wrong(what);
        }
    }

    fn compare_member(&self, contact: u64, topic: usize, held: bool) {
        self.diary.count("checked", "memberships at rest");
        let truth = self.oracle().is_member(contact, topic);
        if held != truth {
            let what =
                format!("contact {contact} in segment of topic {topic}: {held}, true is {truth}");
            self.diary.wrong(what);
        }
    }
}
