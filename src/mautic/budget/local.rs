//! The budget of one process.

use super::{Budget, Closed, Feedback, Limits, Pacing, Permit, Priority};
use crate::clock::Clock;
use async_trait::async_trait;
use governor::{
    Quota, RateLimiter,
    clock::Clock as GovernorClock,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed},
};
use jiff::Timestamp;
use std::{
    collections::BTreeMap,
    fmt,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::Notify, sync::oneshot, time::Instant};

/// After so many places given past somebody who waits longer, he has his turn: a backlog of urgent
/// calls must not keep the polls from noticing anything new.
const PASSED_OVER: u32 = 3;

/// A [`Budget`] kept in memory: by priority, then first come, first served; of four places one goes
/// to whoever waits longest.
#[derive(Clone)]
pub struct LocalBudget(Arc<Shared>);

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Wakes one waiter to look again, because who freed the place does not wait himself.
    look: Notify,
}

struct State {
    pacing: Pacing,
    limiter: Limiter,
    limiter_for: Limits,
    in_flight: u32,
    waiting: BTreeMap<Ticket, oneshot::Sender<Place>>,
    next: u64,
    /// Places given past the one who waits longest.
    passed_over: u32,
}

type Ticket = (Priority, u64);
type Limiter = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

/// Governor's time from tokio, so that both agree on what "later" is.
#[derive(Debug, Clone)]
struct TokioClock(Instant);

impl GovernorClock for TokioClock {
    type Instant = Duration;
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A place among the requests under way.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.lock().in_flight -= 1;
        self.0.look.notify_one();
    }
}

/// A waiter's place in the queue.
struct Waiting<'a>(&'a Arc<Shared>, Ticket);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting.remove(&self.1);
        // This waiter may have been the one that watched the clock for all.
        self.0.look.notify_one();
    }
}

impl LocalBudget {
    /// A budget at full pace. Limits of 0 count as 1.
    #[must_use]
    pub fn new(limits: Limits, clock: Arc<dyn Clock>) -> Self {
        let pacing = Pacing::new(limits);
        let allowed = pacing.allowed();
        let state = State {
            pacing,
            limiter: limiter(allowed),
            limiter_for: allowed,
            in_flight: 0,
            waiting: BTreeMap::new(),
            next: 0,
            passed_over: 0,
        };
        Self(Arc::new(Shared {
            clock,
            state: Mutex::new(state),
            look: Notify::new(),
        }))
    }

    /// Share of the full pace that is used at present, 1/16 to 1; for metrics.
    #[must_use]
    pub fn share(&self) -> f64 {
        self.0.lock().pacing.share()
    }

    /// Callers waiting for a place, and requests under way; for metrics.
    #[must_use]
    pub fn load(&self) -> (usize, u32) {
        let state = self.0.lock();
        (state.waiting.len(), state.in_flight)
    }
}

#[async_trait]
impl Budget for LocalBudget {
    async fn acquire(&self, priority: Priority, patience: Duration) -> Result<Permit, Closed> {
        let (mine, mut granted) = self.0.queue(priority);
        loop {
            let pause = self.0.serve();
            self.0.still_worth_waiting(patience)?;
            tokio::select! {
                biased;
                place = &mut granted => {
                    drop(mine);
                    return place.map(Permit::new).map_err(|_| Closed { until: self.0.clock.now() });
                }
                () = self.0.look.notified() => {}
                () = sleep(pause) => {}
            }
        }
    }

    async fn report(&self, call: &'static str, feedback: Feedback) {
        let now = self.0.clock.now();
        let mut state = self.0.lock();
        state.pacing.learn(call, feedback, now);
        state.follow_pace();
    }
}

/// How long until the first in the queue may go, as far as the clock decides.
type Pause = Option<Duration>;

async fn sleep(pause: Pause) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(self: &Arc<Self>, priority: Priority) -> (Waiting<'_>, oneshot::Receiver<Place>) {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.lock();
        let ticket = (priority, state.next);
        state.next += 1;
        state.waiting.insert(ticket, sender);
        drop(state);
        (Waiting(self, ticket), receiver)
    }

    /// Lets as many go as may. A place given to somebody who left comes back by its `Drop`,
    /// which must not happen under the lock.
    fn serve(self: &Arc<Self>) -> Pause {
        loop {
            let (sender, pause) = self.lock().next_in_line(self.clock.now());
            match sender {
                Some(sender) => drop(sender.send(Place(Arc::clone(self)))),
                None => return pause,
            }
        }
    }

    fn still_worth_waiting(&self, patience: Duration) -> Result<(), Closed> {
        let now = self.clock.now();
        match self.lock().pacing.closed_until(now) {
            Some(until) if until > now + patience => Err(Closed { until }),
            _ => Ok(()),
        }
    }
}

impl State {
    fn next_in_line(&mut self, now: Timestamp) -> (Option<oneshot::Sender<Place>>, Pause) {
        if self.waiting.is_empty() || self.in_flight >= self.pacing.allowed().in_flight {
            return (None, None);
        }
        if let Some(until) = self.pacing.closed_until(now) {
            let pause = Duration::try_from(now.duration_until(until)).unwrap_or_default();
            return (None, Some(pause));
        }
        if let Err(not_yet) = self.limiter.check() {
            return (
                None,
                Some(not_yet.wait_time_from(self.limiter.clock().now())),
            );
        }
        self.in_flight += 1;
        (self.first_in_line(), None)
    }

    fn first_in_line(&mut self) -> Option<oneshot::Sender<Place>> {
        let first = *self.waiting.keys().next()?;
        let longest = *self.waiting.keys().min_by_key(|(_, number)| *number)?;
        let turn = if longest == first || self.passed_over >= PASSED_OVER {
            self.passed_over = 0;
            longest
        } else {
            self.passed_over += 1;
            first
        };
        self.waiting.remove(&turn)
    }

    /// A limiter for the present pace. It starts empty: changing pace is no new burst.
    fn follow_pace(&mut self) {
        let allowed = self.pacing.allowed();
        if allowed != self.limiter_for {
            self.limiter = limiter(allowed);
            self.limiter_for = allowed;
            drop(self.limiter.check_n(at_least_one(allowed.burst)));
        }
    }
}

fn limiter(allowed: Limits) -> Limiter {
    let quota = Quota::per_minute(at_least_one(allowed.per_minute))
        .allow_burst(at_least_one(allowed.burst));
    RateLimiter::direct_with_clock(quota, TokioClock(Instant::now()))
}

fn at_least_one(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

impl fmt::Debug for LocalBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.lock();
        f.debug_struct("LocalBudget")
            .field("pacing", &state.pacing)
            .field("in_flight", &state.in_flight)
            .field("waiting", &state.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use crate::clock::ManualClock;
    use jiff::SignedDuration;
    use std::sync::atomic::{AtomicU32, Ordering};

    const LONG: Duration = Duration::from_hours(1);

    fn budget(per_second: u32, burst: u32, in_flight: u32) -> (LocalBudget, ManualClock) {
        let clock = ManualClock::new("2026-11-21T20:00:00Z".parse().unwrap());
        let limits = Limits {
            per_minute: 60 * per_second,
            burst,
            in_flight,
        };
        (LocalBudget::new(limits, Arc::new(clock.clone())), clock)
    }

    #[tokio::test(start_paused = true)]
    async fn keeps_to_the_rate_after_the_burst() {
        let (budget, _) = budget(10, 3, 100);
        let start = Instant::now();
        let mut seen = Vec::new();
        for _ in 0..6 {
            drop(budget.acquire(Priority::Bulk, LONG).await.unwrap());
            seen.push(start.elapsed().as_millis() / 100);
        }
        assert_eq!(seen, [0, 0, 0, 1, 2, 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_in_flight_than_allowed() {
        let (budget, _) = budget(10_000, 10_000, 3);
        let (now, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let calls = (0..30).map(|_| {
            let (budget, now, most) = (budget.clone(), now.clone(), most.clone());
            tokio::spawn(async move {
                let _permit = budget.acquire(Priority::Bulk, LONG).await.unwrap();
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(10)).await;
                now.fetch_sub(1, Ordering::SeqCst);
            })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        assert_eq!(most.load(Ordering::SeqCst), 3);
        assert_eq!(budget.load(), (0, 0));
    }

    /// In which order callers of these priorities, who come one after the other, have their turn.
    async fn order(callers: &[Priority]) -> Vec<usize> {
        let (budget, _) = budget(1, 1, 8);
        drop(budget.acquire(Priority::Bulk, LONG).await.unwrap());
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut calls = Vec::new();
        for (number, &priority) in callers.iter().enumerate() {
            let (budget, order) = (budget.clone(), order.clone());
            calls.push(tokio::spawn(async move {
                let _permit = budget.acquire(priority, LONG).await.unwrap();
                order.lock().unwrap().push(number);
            }));
            tokio::task::yield_now().await;
        }
        for call in calls {
            call.await.unwrap();
        }
        let order = order.lock().unwrap();
        order.clone()
    }

    #[tokio::test(start_paused = true)]
    async fn urgent_callers_overtake_bulk_ones_that_came_before() {
        use Priority::{Bulk, Interactive, Urgent};
        let order = order(&[Bulk, Bulk, Urgent, Interactive, Urgent]).await;
        assert_eq!(order, [3, 2, 4, 0, 1]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_backlog_of_urgent_calls_starves_nobody() {
        let bulk = [Priority::Bulk; 2];
        let order = order(&[&bulk[..], &[Priority::Urgent; 9]].concat()).await;
        assert_eq!(order, [2, 3, 4, 0, 5, 6, 7, 1, 8, 9, 10]);
    }

    #[tokio::test(start_paused = true)]
    async fn who_leaves_the_queue_stops_nobody() {
        let (budget, _) = budget(1000, 1, 1);
        let held = budget.acquire(Priority::Bulk, LONG).await.unwrap();
        let spawn = |budget: LocalBudget| {
            tokio::spawn(async move { budget.acquire(Priority::Bulk, LONG).await.is_ok() })
        };
        let (leaver, stayer) = (spawn(budget.clone()), spawn(budget.clone()));
        tokio::task::yield_now().await;
        leaver.abort();
        assert!(leaver.await.unwrap_err().is_cancelled());
        drop(held);
        assert!(stayer.await.unwrap());
        assert_eq!(budget.load(), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_limit_stops_the_impatient_at_once_and_the_patient_until_the_reset() {
        let (budget, clock) = budget(10, 10, 2);
        let until = clock.now() + SignedDuration::from_secs(60);
        let feedback = Feedback::RateLimited { until: Some(until) };
        budget.report("get", feedback).await;
        let impatient = budget
            .acquire(Priority::Bulk, Duration::from_secs(59))
            .await;
        assert_eq!(impatient.unwrap_err(), Closed { until });
        let patient = tokio::spawn({
            let budget = budget.clone();
            async move { budget.acquire(Priority::Bulk, LONG).await.is_ok() }
        });
        tokio::task::yield_now().await;
        assert_eq!(budget.load(), (1, 0));
        clock.set(until);
        assert!(patient.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_halves_the_rate() {
        let (budget, _) = budget(10, 1, 8);
        budget.report("get", Feedback::Overloaded).await;
        let start = Instant::now();
        for _ in 0..5 {
            drop(budget.acquire(Priority::Urgent, LONG).await.unwrap());
        }
        assert_eq!(start.elapsed().as_millis() / 100, 10);
    }
}
