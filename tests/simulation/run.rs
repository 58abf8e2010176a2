//! One run: a world, a network, a process that crashes, all by one seed; and what must be true.

use super::daemon::Daemon;
use super::diary::Tally;
use super::dice::Dice;
use super::oracle::{Does, Triggers, Variant};
use super::restored::Cellar;
use super::stage::{Stage, WITH_RESTORES, runtime};
use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::QueueMode;
use mautic_fixtures::state::hooks::Posted;

/// Steps of a run before everything is left to come to rest.
const STEPS: u64 = 160;
/// Plans of seeds from here on have triggers; those before keep the course they have had.
pub(crate) const WITH_TRIGGERS: u64 = 10_000;
/// How long is waited, round by round, until all must be at rest: longer than the longest pause
/// between attempts (15 min), than hits take to settle (1 h) and than members are not read (6 h).
const REST: [i64; 11] = [5, 60, 120, 400, 1000, 1000, 3700, 22_000, 60, 1000, 60];
/// What a run came to.
pub(crate) struct Outcome {
    /// What must not be and was.
    pub(crate) wrong: Option<String>,
    /// The last events.
    pub(crate) told: String,
    /// Everything counted.
    pub(crate) tally: Tally,
    /// Stands for the whole story.
    pub(crate) fingerprint: u64,
}

/// How bad a run is, by its seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    pub(super) faults: u64,
    crashes: u64,
    dropped: u64,
    doubled: u64,
    delayed: u64,
    no_polls: u64,
    clocks: u64,
    late_rows: u64,
    restores: u64,
}

impl Weather {
    fn of(dice: &Dice) -> Self {
        Self {
            faults: dice.pick(&[0, 2, 10, 30]),
            crashes: dice.pick(&[0, 5, 20, 40]),
            dropped: dice.pick(&[0, 0, 10, 50, 100]),
            doubled: dice.pick(&[0, 20, 50]),
            delayed: dice.pick(&[0, 30, 90]),
            no_polls: dice.pick(&[0, 30, 100]),
            clocks: dice.pick(&[0, 0, 3]),
            late_rows: dice.pick(&[0, 0, 20]),
            restores: dice.pick(&[0, 0, 10, 40]),
        }
    }
}

/// A run under way.
pub(crate) struct Run {
    pub(super) weather: Weather,
    dice: Dice,
    /// Of what triggers do.
    effect_dice: Dice,
    /// Backups of Mautic, in runs in which it is restored.
    pub(super) cellar: Option<Cellar>,
    pub(super) stage: Stage,
    pub(super) daemon: Option<Daemon>,
    processes: u64,
    pub(super) wire: Vec<Posted>,
    acknowledged: u64,
    attempted: u64,
    polls: bool,
    queue_mode: QueueMode,
    pub(super) hidden_until: Option<Timestamp>,
    backup: Option<Backup>,
}

/// A copy of the store's file.
struct Backup {
    file: Vec<u8>,
    deliveries: u64,
}

/// Runs a seed in a runtime of its own, on one thread, in paused time.
pub(crate) fn run(seed: u64) -> Outcome {
    runtime().block_on(async {
        let mut run = Run::begin(seed).await;
        for step in 1..=STEPS {
            run.step(step).await;
            if run.stage.diary.first_wrong().is_some() {
                break;
            }
        }
        if run.stage.diary.first_wrong().is_none() {
            run.rest().await;
        }
        run.outcome()
    })
}

/// Two triggers; what each does.
fn triggers(dice: &Dice) -> Triggers {
    let does = || {
        let [tag, segment, email, mail, webhook] = [50, 50, 30, 30, 50].map(|of| dice.percent(of));
        Does {
            tag,
            segment,
            email,
            mail,
            // Each does something that can't be undone.
            webhook: webhook || !(email || mail),
        }
    };
    Triggers {
        loud: (dice.below(2), does()),
        quiet: does(),
    }
}

impl Run {
    async fn begin(seed: u64) -> Self {
        let dice = Dice::new(seed, 1);
        let effect_dice = Dice::new(seed, 5);
        let mut weather = Weather::of(&dice);
        let mut variant = Variant {
            ceiling: dice.pick(&[40, 100_000]),
            form_once: dice.percent(50),
            jobs: dice.percent(30),
            shared: dice.percent(40),
            main: dice.pick(&[None, None, Some(true), Some(false)]),
            groups: true,
            triggers: (WITH_TRIGGERS..WITH_RESTORES)
                .contains(&seed)
                .then(|| triggers(&effect_dice)),
        };
        let cellar = (seed >= WITH_RESTORES).then(|| Cellar::new(Dice::new(seed, 7)));
        if cellar.is_some() {
            // Backups of both at once are another story.
            weather.restores = 0;
        }
        if variant.triggers.is_some() && effect_dice.percent(25) {
            (variant.groups, variant.shared, variant.main) = (false, false, None);
        }
        let queue_mode = if dice.percent(30) {
            QueueMode::Command
        } else {
            QueueMode::Immediate
        };
        let off = if weather.clocks > 0 {
            dice.between(-300, 300)
        } else {
            0
        };
        let stage = Stage::set(seed, variant, queue_mode, SignedDuration::from_secs(off)).await;
        stage
            .diary
            .note(format!("{weather:?} {variant:?} {queue_mode:?}"));
        stage.faults(weather.faults);
        Self {
            polls: weather.no_polls < 100,
            weather,
            dice,
            effect_dice,
            cellar,
            stage,
            daemon: None,
            processes: 0,
            wire: Vec::new(),
            acknowledged: 0,
            attempted: 0,
            queue_mode,
            hidden_until: None,
            backup: None,
        }
    }

    fn outcome(self) -> Outcome {
        Outcome {
            wrong: self.stage.diary.first_wrong(),
            told: self.stage.diary.told(),
            tally: self.stage.diary.tally(),
            fingerprint: self.stage.diary.fingerprint(),
        }
    }

    async fn step(&mut self, step: u64) {
        self.stage.begin_step(step);
        self.stage.around.network.land(false).await;
        if self.dice.percent(self.weather.faults) {
            self.stage.around.network.keep_for_stale_reads().await;
        }
        if self
            .hidden_until
            .is_some_and(|until| self.stage.time.now() >= until)
        {
            self.hidden_until = None;
            self.stage.mautic.standin.show_rows().await;
        }
        self.start_if_down().await;
        if self.dice.percent(self.weather.crashes) {
            let fails = self.dice.percent(20);
            self.stage.crash.after(self.dice.below(12), fails);
        }
        match self.dice.weighted(&[34, 14, 9, 9, 5, 12, 14, 5, 4, 3]) {
            0 => self.people_act().await,
            1 => self.deliver().await,
            2 => self.decode().await,
            3 => self.poll().await,
            4 => self.resolve().await,
            5 => self.score().await,
            6 => self.dispatch().await,
            7 => self
                .stage
                .time
                .step(SignedDuration::from_secs(self.dice.between(1, 90))),
            8 => self.change_weather().await,
            _ => self.erase().await,
        }
        self.stage.crash.never();
        if self.stage.firings.is_some() && self.effect_dice.percent(20) {
            self.catch_up().await;
            self.effects().await;
        }
        self.mautics_administrator().await;
    }

    /// Nothing is done for triggers while polls, scores and writes are behind.
    async fn catch_up(&mut self) {
        if self.effect_dice.percent(50) {
            self.poll().await;
            self.decode().await;
            self.score().await;
            self.dispatch().await;
        }
    }

    /// The worker that does what triggers do, with crashes of its own.
    async fn effects(&mut self) {
        if self.effect_dice.percent(self.weather.crashes) {
            let fails = self.effect_dice.percent(20);
            self.stage.crash.after(self.effect_dice.below(12), fails);
        }
        if let Some(daemon) = self.daemon.as_ref() {
            let done = self.stage.crash.mortal(daemon.effects()).await;
            if let (None | Some(Err(_)), Some(firings)) = (&done, &self.stage.firings) {
                firings.doubtful();
            }
            self.ended("effects of contacts:", done);
        }
        self.stage.crash.never();
        self.collect().await;
    }

    pub(super) async fn people_act(&mut self) {
        let before = self.newest_rows().await;
        self.stage.world.lock().await.act().await;
        if self.dice.percent(self.weather.late_rows) {
            self.hide_rows(&before).await;
        }
        self.collect().await;
    }

    /// Takes what Mautic posted: some of it is lost, some comes twice.
    pub(super) async fn collect(&mut self) {
        if self.queue_mode == QueueMode::Command && self.dice.percent(30) {
            self.stage
                .mautic
                .standin
                .run_command("mautic:webhooks:process")
                .await;
        }
        for posted in self.stage.mautic.standin.take_posted().await {
            if self.dice.percent(self.weather.dropped) {
                self.stage.diary.count("webhooks", "dropped");
                continue;
            }
            if self.dice.percent(self.weather.doubled) {
                self.stage.diary.count("webhooks", "doubled");
                self.wire.push(posted.clone());
            }
            self.wire.push(posted);
        }
    }

    pub(super) async fn deliver(&mut self) {
        self.collect().await;
        for _ in 0..8 {
            if self.wire.is_empty() {
                return;
            }
            let delayed = self.dice.percent(self.weather.delayed);
            let at = if delayed {
                self.stage.diary.count("webhooks", "out of order");
                self.dice.below(self.wire.len())
            } else {
                0
            };
            let posted = self.wire.remove(at);
            self.receive(posted).await;
        }
    }

    async fn receive(&mut self, posted: Posted) {
        let Some(daemon) = self.daemon.as_ref() else {
            return;
        };
        self.attempted += 1;
        match self.stage.crash.mortal(daemon.receive(&posted)).await {
            Some(204) => {
                self.acknowledged += 1;
                self.stage.diary.count("webhooks", "acknowledged");
            }
            Some(status) => {
                self.stage
                    .diary
                    .note(format!("a delivery is answered {status}"));
                self.wire.push(posted);
            }
            None => {
                self.wire.push(posted);
                self.died();
            }
        }
    }

    async fn decode(&mut self) {
        if let Some(daemon) = self.daemon.as_ref() {
            let done = self.stage.crash.mortal(daemon.decode()).await;
            // The decoder reports a failing store and goes on.
            self.ended("decoded", done.map(|done| Ok(done.unwrap_or(0))));
        }
    }

    async fn poll(&mut self) {
        if let Some(daemon) = self.daemon.as_ref().filter(|_| self.polls) {
            let done = self.stage.crash.mortal(daemon.poll()).await;
            self.ended("polled", done.map(|()| Ok(0)));
        }
    }

    async fn resolve(&mut self) {
        if let Some(daemon) = self.daemon.as_ref() {
            let done = self.stage.crash.mortal(daemon.resolve()).await;
            self.ended("resolved", done.map(|done| Ok(done.unwrap_or(0))));
        }
    }

    async fn score(&mut self) {
        if let Some(daemon) = self.daemon.as_ref() {
            let done = self.stage.crash.mortal(daemon.score()).await;
            self.ended("scored", done);
        }
    }

    async fn erase(&mut self) {
        if let Some(daemon) = self.daemon.as_ref() {
            let done = self.stage.crash.mortal(daemon.erase()).await;
            // The eraser reports a failing store and goes on.
            self.ended("erased", done.map(|done| Ok(done.unwrap_or(0))));
        }
    }

    async fn dispatch(&mut self) {
        let which = self.dice.below(2);
        if let Some(daemon) = self.daemon.as_ref() {
            let done = self.stage.crash.mortal(daemon.dispatch(which)).await;
            self.ended("dispatched", done);
        }
        self.collect().await;
    }

    /// A worker that fails stops the process, as one that crashes does.
    fn ended(&mut self, what: &str, done: Option<topicscore::store::Result<usize>>) {
        match done {
            Some(Ok(0)) => {}
            Some(Ok(many)) => self.stage.diary.note(format!("{what} {many}")),
            Some(Err(error)) => {
                self.stage.diary.note(format!("{what}: {error}"));
                self.died();
            }
            None => self.died(),
        }
    }

    fn died(&mut self) {
        self.daemon = None;
    }

    /// While nobody has the store open: an old backup is restored, or a new one is made.
    async fn restore_or_back_up(&mut self) {
        let path = &self.stage.around.path;
        let restores = self.dice.percent(self.weather.restores);
        match &self.backup {
            Some(backup) if restores => {
                std::fs::write(path, &backup.file).unwrap();
                for rest in ["-wal", "-shm"] {
                    let _ = std::fs::remove_file(format!("{}{rest}", path.display()));
                }
                self.stage.diary.note("an old backup is restored");
                if let Some(firings) = &self.stage.firings {
                    firings.restored();
                }
                self.stage.diary.count("world", "old backups restored");
                self.stage.oracle().restored();
                self.acknowledged = self.acknowledged.min(backup.deliveries);
                // That takes people some minutes; nothing is under way any more.
                self.stage.time.step(SignedDuration::from_mins(4));
                self.stage.around.network.land(true).await;
            }
            _ if self.processes > 0 && self.dice.percent(40) => {
                let file = std::fs::read(path).unwrap();
                let deliveries = self.acknowledged;
                self.stage.diary.note("a backup is made");
                self.backup = Some(Backup { file, deliveries });
            }
            _ => {}
        }
    }

    async fn start_if_down(&mut self) {
        if self.daemon.is_some() {
            return;
        }
        if self.weather.restores > 0 {
            self.restore_or_back_up().await;
        }
        self.processes += 1;
        self.stage
            .diary
            .note(format!("process {} starts", self.processes));
        let daemon = Daemon::start(&self.stage.around, self.processes)
            .await
            .unwrap();
        let kept = daemon.store.counts().await.unwrap().deliveries;
        if kept < self.acknowledged || kept > self.attempted {
            self.stage.diary.wrong(format!(
                "{} deliveries were acknowledged of {} sent, the journal has {kept}",
                self.acknowledged, self.attempted
            ));
        }
        self.daemon = Some(daemon);
    }

    async fn newest_rows(&self) -> [(&'static str, u64); 4] {
        let newest = self.stage.mautic.standin.with_state(|state| {
            let hit = state.web.hits.values().next_back();
            [
                ("lead_points_change_log", state.points_log.last_id()),
                ("audit_log", state.audit_log.last_id()),
                ("page_hits", hit.map_or(0, |hit| hit.id)),
                ("form_submissions", state.web.submissions.last_id()),
            ]
        });
        newest.await
    }

    /// Rows that people's doings just made come to light later than those after them.
    async fn hide_rows(&mut self, before: &[(&'static str, u64)]) {
        let now = self.newest_rows().await;
        for ((table, before), (_, newest)) in before.iter().zip(now) {
            for id in before + 1..=newest {
                // Main points and their row are committed together.
                if table == &"lead_points_change_log" && !self.is_of_a_group(id).await {
                    continue;
                }
                self.stage.diary.count("world", "rows committed late");
                self.stage
                    .diary
                    .note(format!("row {id} of {table} is committed late"));
                self.stage.mautic.standin.hide_row(table, id).await;
            }
        }
        let until = self.stage.time.now() + SignedDuration::from_secs(self.dice.between(1, 60));
        self.hidden_until.get_or_insert(until);
    }

    async fn is_of_a_group(&self, row: u64) -> bool {
        let standin = &self.stage.mautic.standin;
        let group = standin.with_state(|state| state.points_log.get(row).and_then(|row| row.group));
        group.await.is_some()
    }

    async fn change_weather(&mut self) {
        match self.dice.below(4) {
            0 => {
                self.polls = !self.dice.percent(self.weather.no_polls);
                self.stage.diary.note(format!("polls: {}", self.polls));
            }
            1 => {
                let closed = self.dice.percent(self.weather.dropped.min(40));
                self.stage.mautic.standin.close_mailbox(closed).await;
                self.stage.diary.note(format!("mailbox closed: {closed}"));
            }
            2 if self.dice.percent(self.weather.clocks * 20) => self.let_a_clock_jump().await,
            _ => {}
        }
    }

    async fn let_a_clock_jump(&mut self) {
        let by = SignedDuration::from_secs(self.dice.between(-300, 300));
        let whose = if self.dice.percent(50) {
            // That no call of ours is under way any more is told by our clock.
            self.stage.around.network.land(true).await;
            self.stage.time.set_ours(by);
            "our clock"
        } else {
            self.stage.time.move_mautics(by);
            "Mautic's clock"
        };
        self.stage.diary.count("world", format!("{whose} jumps"));
        self.stage.diary.note(format!("{whose} jumps: {by}"));
    }

    /// Everything works from now on; after a while Mautic must hold what is true.
    async fn rest(&mut self) {
        self.stage.diary.note("from now on everything works");
        self.stage.crash.never();
        self.stage.faults(0);
        self.stage.around.network.land(true).await;
        self.stage.mautic.standin.close_mailbox(false).await;
        self.stage.mautic.standin.show_rows().await;
        self.polls = true;
        for (round, seconds) in REST.into_iter().enumerate() {
            self.stage.time.step(SignedDuration::from_secs(seconds));
            let step = STEPS + 1 + round as u64;
            self.stage.begin_step(step);
            self.round().await;
        }
        if self.is_restored_unseen() {
            let what = "Mautic was restored, and no hit, merge or deletion shows it";
            return self.stage.diary.count("not promised", what);
        }
        if let Some(daemon) = &self.daemon {
            self.stage.compare(daemon).await;
        }
    }

    async fn round(&mut self) {
        self.read_anew_if_noticed().await;
        self.start_if_down().await;
        if self.queue_mode == QueueMode::Command {
            self.stage
                .mautic
                .standin
                .run_command("mautic:webhooks:process")
                .await;
        }
        self.collect().await;
        for posted in std::mem::take(&mut self.wire) {
            self.receive(posted).await;
        }
        let Some(daemon) = self.daemon.as_ref() else {
            return self.stage.diary.wrong("the process died of nothing");
        };
        if let Err(error) = daemon.work_off().await {
            self.stage.diary.wrong(error);
        }
    }
}
