//! Mautic is restored from a backup in some runs, and read anew once that is noticed. What the
//! oracle knows goes back with it.

use super::daemon::Daemon;
use super::dice::Dice;
use super::oracle::{Doing, Oracle};
use super::run::Run;
use super::store::FaultyStore;
use super::world::Memory;
use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::state::State;
use std::collections::BTreeSet;
use topicscore::clock::Clock;
use topicscore::domain::{Scope, TopicKey};
use topicscore::store::{NewAdjustment, Rereading};

/// Rounds of polls after which everything there is must have been read.
const ROUNDS: usize = 50;

/// Where Mautic's administrator keeps backups.
pub(crate) struct Cellar {
    dice: Dice,
    backup: Option<Backup>,
    /// It was restored and not read anew since.
    is_restored: bool,
    /// No row shows that, by which it can be noticed.
    unseen: bool,
}

/// Mautic as it was, with what people and the oracle knew then.
struct Backup {
    mautic: State,
    world: Memory,
    oracle: Oracle,
}

impl Cellar {
    /// An empty one.
    pub(crate) fn new(dice: Dice) -> Self {
        Self {
            dice,
            backup: None,
            is_restored: false,
            unseen: false,
        }
    }
}

impl Run {
    /// Makes backups of Mautic, restores them, and has it read anew when that is noticed.
    pub(super) async fn mautics_administrator(&mut self) {
        let Some(cellar) = &self.cellar else { return };
        let rereading = self.daemon.as_ref().is_none_or(Daemon::is_rereading);
        self.stage.oracle().doubts(cellar.is_restored || rereading);
        let [reread, by_hand, back_up, restore] = [30, 5, 5, 4].map(|of| cellar.dice.percent(of));
        if reread {
            self.read_anew_if_noticed().await;
        }
        let Some(cellar) = &self.cellar else { return };
        if cellar.is_restored {
            return;
        }
        if by_hand {
            self.give_points_by_hand().await;
        }
        if restore && cellar.backup.is_some() && self.daemon.is_some() {
            self.restore_mautic().await;
        } else if back_up {
            self.back_up_mautic().await;
        }
    }

    async fn give_points_by_hand(&self) {
        let (Some(cellar), Some(daemon)) = (&self.cellar, &self.daemon) else {
            return;
        };
        let stage = &self.stage;
        if daemon.is_rereading() || daemon.stands_still() {
            // Nobody knows who an id is.
            return;
        }
        let there = stage.mautic.standin.contacts().await;
        let mut known = daemon.store.contact_ids(None, 100).await.unwrap();
        // Nor who they are that Mautic did not tell of again.
        let vanished = daemon.store.unresolved_gone(100, Timestamp::MAX).await;
        let vanished = vanished.unwrap();
        known.retain(|known| there.contains(&known.0.into()) && !vanished.contains(known));
        if known.is_empty() {
            return;
        }
        let (contact, topic) = (known[cellar.dice.below(known.len())], cellar.dice.below(2));
        let points = i32::try_from(cellar.dice.between(1, 25)).unwrap();
        let now = Clock::now(&stage.time);
        let given = NewAdjustment {
            scope: Scope::Contact(contact),
            topic: TopicKey(stage.topics[topic].slug.to_owned()),
            points,
            author: "ann".to_owned(),
            reason: "met at the fair".to_owned(),
            at: now,
            expires_at: None,
        };
        if daemon
            .store
            .add_adjustment(given, now)
            .await
            .unwrap()
            .is_some()
        {
            stage.diary.note(format!(
                "contact {contact} is given {points} in topic {topic}"
            ));
            stage
                .diary
                .count("world", "points given by hand in topicscore");
            let doing = Doing::ByHand(topic, points.into());
            stage.oracle().did(contact.0.into(), doing);
        }
    }

    async fn back_up_mautic(&mut self) {
        let stage = &self.stage;
        stage.diary.note("Mautic is backed up");
        stage.diary.count("world", "backups of Mautic made");
        let backup = Backup {
            mautic: stage.mautic.standin.with_state(Clone::clone).await,
            world: stage.world.lock().await.memory(),
            oracle: stage.oracle().clone(),
        };
        if let Some(cellar) = &mut self.cellar {
            cellar.backup = Some(backup);
        }
    }

    /// Whoever restores Mautic does so some time after the backup: what happened meanwhile was polled.
    async fn restore_mautic(&mut self) {
        let more = self
            .cellar
            .as_ref()
            .map_or(0, |cellar| cellar.dice.below(4));
        for _ in 0..more {
            self.people_act().await;
            self.deliver().await;
        }
        self.read_everything().await;
        self.put_mautic_back().await;
    }

    async fn read_everything(&mut self) {
        let Some(daemon) = self.daemon.as_ref() else {
            return;
        };
        self.stage.mautic.standin.show_rows().await;
        self.stage.faults(0);
        for _ in 0..ROUNDS {
            self.stage.time.step(SignedDuration::from_mins(2));
            daemon.poll().await;
            if daemon.poll_errors().is_empty() && !daemon.is_rereading() {
                break;
            }
        }
        self.stage.faults(self.weather.faults);
    }

    async fn put_mautic_back(&mut self) {
        let Some(cellar) = &mut self.cellar else {
            return;
        };
        let Some(backup) = cellar.backup.take() else {
            return;
        };
        cellar.is_restored = true;
        let newest = |state: &State| {
            let hit = state.web.hits.values().next_back();
            let mut told = state.audit_log.values();
            let told = told.rfind(|row| matches!(&*row.action, "merge" | "delete"));
            (hit.map(|hit| hit.id), told.map(|row| row.id))
        };
        let before = self.stage.mautic.standin.with_state(newest).await;
        cellar.unseen = before == newest(&backup.mautic);
        let minutes = cellar.dice.between(2, 60);
        let stage = &self.stage;
        stage.around.network.land(true).await;
        let contacts: BTreeSet<u64> = backup.mautic.contacts.values().map(|it| it.id).collect();
        stage.mautic.standin.put_back(backup.mautic).await;
        stage.mautic.standin.take_posted().await;
        stage.mautic.standin.show_rows().await;
        stage.world.lock().await.go_back(backup.world);
        stage.oracle().go_back(backup.oracle, &contacts);
        stage.around.network.mautic_restored();
        stage.time.step(SignedDuration::from_mins(minutes));
        stage.diary.note("Mautic is restored from its backup");
        stage.diary.count("world", "backups of Mautic restored");
        self.hidden_until = None;
        self.wire.clear();
    }

    /// Whether Mautic was restored, which nobody can notice (docs/restore.md) and nobody did.
    pub(super) fn is_restored_unseen(&self) -> bool {
        let unseen = |cellar: &Cellar| cellar.is_restored && cellar.unseen;
        self.cellar.as_ref().is_some_and(unseen)
    }

    /// What an administrator does when it is noticed.
    pub(super) async fn read_anew_if_noticed(&mut self) {
        let noticed = self.daemon.as_ref().is_some_and(Daemon::stands_still);
        let (true, Some(cellar)) = (noticed, &mut self.cellar) else {
            return;
        };
        if !cellar.is_restored {
            self.stage
                .diary
                .wrong("a restore of Mautic was noticed that was none");
        }
        cellar.is_restored = false;
        self.daemon = None;
        let around = &self.stage.around;
        around.network.land(true).await;
        let now = Clock::now(&self.stage.time);
        let store = FaultyStore::open(&around.path, &around.crash);
        store.forget_told(now).await.unwrap();
        around.network.mautic_read_anew();
        self.stage.oracle().read_anew();
        self.stage.diary.note("Mautic is read anew");
        self.stage.diary.count("world", "Mautic read anew");
    }
}
