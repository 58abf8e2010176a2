//! The scoring worker: dirty contacts to scores and intents, one transaction per batch.

use crate::clock::Clock;
use crate::domain::{Snapshot, Urgency};
use crate::plan::Compiled;
use crate::scoring::{Evaluation, Gist, desired_values, evaluate};
use crate::store::{DirtyContact, Keep, Owner, Result, ScoreCommit, SharedStore, StoredScore};
use crate::wake::Wake;
use jiff::{SignedDuration, Timestamp};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Contacts scored in one transaction.
const BATCH: usize = 256;
/// Once so many activities and rows of points logs are read, those are scored first: they take some
/// kilobytes each meanwhile.
const ROWS: usize = 10_000;
/// A worker that vanished gives its contacts back after this time.
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long to sleep when nothing rings: ticks and other processes ring no bell.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The plan in force; `None` until it is loaded.
pub type PlanInForce = watch::Receiver<Option<Arc<Compiled>>>;

/// Scores contacts whose facts changed.
#[derive(Debug, Clone)]
pub struct Scorer {
    /// Where facts and scores are kept.
    pub store: SharedStore,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The plan in force.
    pub plan: PlanInForce,
    /// Who leases.
    pub owner: Owner,
    /// Rings when contacts became dirty.
    pub dirty: Wake,
    /// Rung when intents may have become pending.
    pub intents: Wake,
    /// Told how many contacts were scored.
    pub metrics: crate::metrics::ScorerMetrics,
    /// Told that it lives.
    pub health: crate::health::Reporter,
}

impl Scorer {
    /// Scores until told to stop.
    ///
    /// # Errors
    /// The store's, when it fails for good.
    pub async fn run(self, stop: CancellationToken) -> Result<()> {
        while !stop.is_cancelled() {
            let bell = self.dirty.armed();
            let marked = self.store.mark_due(self.clock.now()).await?;
            if marked > 0 {
                tracing::info!(contacts = marked, "time changes scores");
            }
            let scored = self.step().await?;
            self.health.ok(
                format!("scored {scored} contacts just now"),
                self.clock.now(),
            );
            if scored == 0 {
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = bell.wait(LOOK_AGAIN) => {}
                }
            }
        }
        Ok(())
    }

    /// Scores one batch; returns how many contacts it took.
    ///
    /// # Errors
    /// The store's.
    pub async fn step(&self) -> Result<usize> {
        let now = self.clock.now();
        let until = now.saturating_add(LEASE).unwrap_or(Timestamp::MAX);
        let dirty = self
            .store
            .claim_dirty(&self.owner, BATCH, now, until)
            .await?;
        if dirty.is_empty() {
            return Ok(0);
        }
        // Read after claiming: a contact made dirty by a new plan is scored by it.
        let Some(plan) = self.plan.borrow().clone() else {
            return Ok(0);
        };
        let began = std::time::Instant::now();
        let taken = dirty.len();
        let commits = self.score(&plan, dirty, now).await?;
        self.store.commit_scores(commits).await?;
        self.metrics.scored(taken as u64, began.elapsed());
        self.intents.ring();
        Ok(taken)
    }

    /// Scores contacts in slices, so that memory does not depend on how much all of them did.
    async fn score(
        &self,
        plan: &Arc<Compiled>,
        mut dirty: Vec<DirtyContact>,
        now: Timestamp,
    ) -> Result<Vec<ScoreCommit>> {
        let gist = Gist::of(Arc::clone(plan));
        let keep: Keep = Arc::new(move |kept, activity| gist.add(kept, activity));
        let mut commits = Vec::with_capacity(dirty.len());
        while !dirty.is_empty() {
            let contacts: Vec<_> = dirty.iter().map(|dirty| dirty.contact).collect();
            let keep = Some(Arc::clone(&keep));
            let read = self.store.histories(&contacts, ROWS, keep).await?;
            let rest = dirty.split_off(read.looked_at.clamp(1, dirty.len()));
            let slice = std::mem::replace(&mut dirty, rest);
            let (plan, histories) = (Arc::clone(plan), read.snapshots);
            // Evaluation is CPU work; a contact with a long history must not hold up the receiver.
            let scored =
                tokio::task::spawn_blocking(move || score_all(&plan, slice, histories, now)).await;
            commits.extend(
                scored.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic())),
            );
        }
        Ok(commits)
    }
}

fn score_all(
    plan: &Compiled,
    dirty: Vec<DirtyContact>,
    histories: Vec<Snapshot>,
    now: Timestamp,
) -> Vec<ScoreCommit> {
    let mut by_contact: HashMap<_, _> = histories
        .into_iter()
        .map(|history| (history.contact, history))
        .collect();
    dirty
        .into_iter()
        .filter_map(|dirty| {
            let history = by_contact.remove(&dirty.contact)?;
            Some(commit(plan, &history, dirty, now))
        })
        .collect()
}

/// What scoring one contact leads to.
fn commit(plan: &Compiled, history: &Snapshot, dirty: DirtyContact, now: Timestamp) -> ScoreCommit {
    let evaluation = evaluate(plan, history, now);
    let mut desired = desired_values(plan, history, &evaluation);
    // Recomputing everything crosses thresholds by the thousand; nobody waits for those.
    if dirty.urgency == Urgency::Bulk {
        for value in &mut desired {
            value.urgency = Urgency::Bulk;
        }
    }
    ScoreCommit {
        dirty,
        plan: plan.version.clone(),
        at: now,
        scores: stored_scores(plan, &evaluation),
        desired,
        firings: evaluation.decision.firings,
        rearmed: evaluation.decision.rearmed,
        next_change: evaluation.next_change,
    }
}

fn stored_scores(plan: &Compiled, evaluation: &Evaluation<'_>) -> Vec<StoredScore> {
    plan.topics
        .iter()
        .zip(&evaluation.topics)
        .map(|(topic, evaluated)| StoredScore {
            topic: topic.key.clone(),
            score: evaluated.score,
            raw: evaluated.raw,
            band: evaluated
                .band
                .map(|band| topic.bands.list[band].name.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;
    use crate::clock::ManualClock;
    use crate::domain::{Activity, ContactId, Fact, attribute};
    use crate::health::{Health, Weight};
    use crate::plan::{Catalog, Plan, compile};
    use crate::store::contract::give::{at, hit, id, owner, tell};
    use crate::store::sqlite::SqliteStore;

    const PLAN: &str = "format = 1\n[[topic]]\nkey = 'a'\nceiling = 'none'\n";
    const ALL: &str = "[[point_action]]\nname = 'all'\ntopic = 'a'\nkind = 'page.hit'\n\
                       points = 1\nrepeat = 'always'\n";

    fn plan(text: &str) -> Arc<Compiled> {
        let (plan, _) = Plan::parse("plan.toml", text).unwrap();
        Arc::new(compile(&plan, &Catalog::default()).unwrap())
    }

    fn scorer(dir: &tempfile::TempDir, text: &str) -> Scorer {
        let now = at(1_000_000);
        Scorer {
            store: Arc::new(SqliteStore::open(dir.path().join("store.db")).unwrap()),
            clock: Arc::new(ManualClock::new(now)),
            plan: watch::channel(Some(plan(text))).1,
            owner: owner("a"),
            dirty: Wake::default(),
            intents: Wake::default(),
            metrics: crate::metrics::register("0", "m").metrics.scorer,
            health: Health::new().component("scorer", Weight::Required, None, now),
        }
    }

    /// A hit a second, with what Mautic tells of each.
    fn hits(contact: u32, rows: std::ops::RangeInclusive<u64>) -> impl Iterator<Item = Fact> {
        rows.map(move |row| {
            let second = i64::try_from(row).unwrap();
            let told = [
                (attribute::REFERER, "https://example.test/search?q=ofen"),
                (attribute::SOURCE, "page"),
                (attribute::SOURCE_ID, "5"),
                (attribute::TITLE, "Kachelofen und Kamin"),
                (attribute::TRACKING_ID, "k3j4h5k3j4h5k3j4h5k3j4h"),
                (
                    attribute::USER_AGENT,
                    "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0",
                ),
                (attribute::LEFT_AT, "2026-01-01T08:00:00Z"),
            ];
            let told = told.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let mut one: Activity = hit(row, contact, second);
            one.attributes.extend(told);
            Fact::Activity(one)
        })
    }

    async fn score(scorer: &Scorer, contact: u32) -> Option<i32> {
        let scores = scorer.store.scores(ContactId(contact)).await.unwrap();
        scores.first().map(|one| one.score)
    }

    #[tokio::test]
    async fn who_was_not_read_with_the_others_is_scored_after_them() {
        let dir = tempfile::tempdir().unwrap();
        let scorer = scorer(&dir, &format!("{PLAN}{ALL}"));
        let many = ROWS as u64 + 1;
        for (contact, first) in [(1, 1), (2, many + 1)] {
            tell(&scorer.store, hits(contact, first..=first + many - 1)).await;
        }
        tell(&scorer.store, hits(3, 2 * many + 1..=2 * many + 3)).await;
        let asked = [1, 2, 3].map(id);
        let read = scorer.store.histories(&asked, ROWS, None).await.unwrap();
        assert_eq!(read.looked_at, 1);
        assert_eq!(scorer.step().await.unwrap(), 3);
        let all = i32::try_from(many).unwrap();
        for (contact, expected) in [(1, all), (2, all), (3, 3)] {
            assert_eq!(score(&scorer, contact).await, Some(expected), "{contact}");
        }
        assert_eq!(scorer.step().await.unwrap(), 0);
    }

    /// Bytes of memory in use, and the most since that was forgotten.
    #[cfg(target_os = "linux")]
    fn memory() -> (i64, i64) {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let of = |name: &str| -> i64 {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse().unwrap()
        };
        (of("VmRSS:") * 1024, of("VmHWM:") * 1024)
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    #[ignore = "measures: cargo test --lib what_one_very_active_contact_takes -- --ignored --nocapture"]
    async fn what_one_very_active_contact_takes() {
        const HITS: u64 = 100_000;
        let silence = "[[inactivity_rule]]\nname = 's'\ntopic = 'a'\nafter_days = 9\npoints = -1\n";
        let bands = "bands = [{ name = 'low', from = 0 }, { name = 'high', from = 50 }]\n";
        let literal =
            "url = 'https://example.test/*'\npage_hits = 3\naccumulative_time = '1 minute'\n";
        let url = ALL.replace("page.hit", "url.hit");
        for (name, text) in [
            ("no rule asks for them", PLAN.to_owned()),
            ("they end silences", format!("{PLAN}{silence}")),
            ("every hit pays", format!("{PLAN}{bands}{ALL}")),
            (
                "options as Mautic counts",
                format!("behaviour = 'mautic'\n{PLAN}{url}{literal}"),
            ),
        ] {
            let dir = tempfile::tempdir().unwrap();
            let scorer = scorer(
                &dir,
                &text.replace(
                    "behaviour = 'mautic'\nformat = 1",
                    "format = 1\nbehaviour = 'mautic'",
                ),
            );
            for first in (1..=HITS).step_by(5_000) {
                tell(&scorer.store, hits(1, first..=first + 4_999)).await;
            }
            std::fs::write("/proc/self/clear_refs", "5").unwrap();
            let (before, began) = (memory().0, std::time::Instant::now());
            assert_eq!(scorer.step().await.unwrap(), 1);
            let (more, took) = (memory().1 - before, began.elapsed());
            println!(
                "{name}: {} MB, {} bytes a hit, {took:.1?}, score {:?}",
                more / 1_000_000,
                more / i64::try_from(HITS).unwrap(),
                score(&scorer, 1).await,
            );
        }
    }
}
