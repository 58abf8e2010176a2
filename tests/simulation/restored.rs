//! Mautic is restored from a backup in some runs, and read anew once that is noticed. What the
//! oracle knows goes back with it.

use super::dice::Dice;
use super::oracle::Oracle;
use super::run::Run;
use super::store::FaultyStore;
use super::world::Memory;
use jiff::SignedDuration;
use mautic_fixtures::state::State;
use std::collections::BTreeSet;
use topicscore::clock::Clock;
use topicscore::store::Rereading;

/// Rounds of polls after which everything there is must have been read.
const ROUNDS: usize = 50;

/// Where Mautic's administrator keeps backups.
pub(crate) struct Cellar {
    dice: Dice,
    backup: Option<Backup>,
    /// It was restored and not read anew since.
    is_restored: bool,
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
        }
    }
}

impl Run {
    /// Makes backups of Mautic, restores them, and has it read anew when that is noticed.
    pub(super) async fn mautics_administrator(&mut self) {
        let Some(cellar) = &self.cellar else { return };
        let [reread, back_up, restore] = [30, 5, 4].map(|of| cellar.dice.percent(of));
        if reread {
            self.read_anew_if_noticed().await;
        }
        let Some(cellar) = &self.cellar else { return };
        if cellar.is_restored {
            return;
        }
        if restore && cellar.backup.is_some() {
            self.restore_mautic().await;
        } else if back_up {
            self.back_up_mautic().await;
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

    /// Whoever restores Mautic does so some time after the backup: what happened meanwhile was polled,
    /// but for the last of it.
    async fn restore_mautic(&mut self) {
        let Some(daemon) = self.daemon.as_ref() else {
            return;
        };
        self.stage.faults(0);
        for _ in 0..ROUNDS {
            self.stage.time.step(SignedDuration::from_mins(2));
            daemon.poll().await;
            if daemon.poll_errors().is_empty() && !daemon.is_rereading() {
                break;
            }
        }
        self.stage.faults(self.weather.faults);
        let more = self
            .cellar
            .as_ref()
            .map_or(0, |cellar| cellar.dice.below(4));
        for _ in 0..more {
            self.people_act().await;
            self.deliver().await;
        }
        self.put_mautic_back().await;
    }

    async fn put_mautic_back(&mut self) {
        let Some(cellar) = &mut self.cellar else {
            return;
        };
        let Some(backup) = cellar.backup.take() else {
            return;
        };
        cellar.is_restored = true;
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

    /// What an administrator does when it is noticed.
    pub(super) async fn read_anew_if_noticed(&mut self) {
        let noticed = self
            .daemon
            .as_ref()
            .is_some_and(super::daemon::Daemon::stands_still);
        let (true, Some(cellar)) = (noticed, &mut self.cellar) else {
            return;
        };
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
