//! The one thread that writes: what waits together is committed together.
//!
//! Each piece of work runs in a savepoint of its own, so that one that fails takes nothing with
//! it; one COMMIT (one fsync) then covers all, and only then they are answered.

use super::damage::Trouble;
use crate::store::{Result, StoreError};
use rusqlite::Connection;
use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc, oneshot};

/// Most pieces of work in one transaction.
const GROUP: usize = 256;
/// Most pieces of work that wait; more make the callers wait.
const QUEUE: usize = 1024;
/// A transaction of other work takes nothing more after this time, so that a delivery that comes
/// meanwhile waits little: Mautic may hold a visitor's request open for it.
const TURN: Duration = Duration::from_millis(20);

/// A group of so many tells that deliveries come side by side, so that their senders come back.
const MANY: usize = 4;
/// How long their next deliveries are waited for, in parts of what the last commit took: a commit
/// that covers all beats two that cover half each.
const GATHER: u32 = 3;
/// How often is looked whether they came, in that time.
const LOOKS: u32 = 8;
/// Longest wait for them: a slow disk must not make a visitor wait longer.
const LONGEST: Duration = Duration::from_millis(5);

/// Which work goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Deliveries: somebody outside waits for the answer.
    Next,
    /// Everything else.
    InTurn,
}

trait Work: Send {
    /// Does it; on success returns what answers the caller once the commit's outcome is known.
    fn run(self: Box<Self>, connection: &Connection) -> Option<Box<dyn Answer>>;
    /// Answers without having done it.
    fn refuse(self: Box<Self>, why: StoreError);
}

trait Answer: Send {
    fn answer(self: Box<Self>, failure: Option<StoreError>);
}

struct Task<F, T> {
    work: F,
    reply: oneshot::Sender<Result<T>>,
}

impl<F, T> Work for Task<F, T>
where
    F: FnOnce(&Connection) -> Result<T> + Send,
    T: Send + 'static,
{
    fn run(self: Box<Self>, connection: &Connection) -> Option<Box<dyn Answer>> {
        match (self.work)(connection) {
            Ok(value) => Some(Box::new(Done {
                value,
                reply: self.reply,
            })),
            Err(error) => {
                let _ = self.reply.send(Err(error));
                None
            }
        }
    }

    fn refuse(self: Box<Self>, why: StoreError) {
        let _ = self.reply.send(Err(why));
    }
}

struct Done<T> {
    value: T,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send> Answer for Done<T> {
    fn answer(self: Box<Self>, failure: Option<StoreError>) {
        // Nobody may wait any more: the work is done all the same.
        let _ = self.reply.send(failure.map_or(Ok(self.value), Err));
    }
}

type Queued = (Turn, Box<dyn Work>);

/// Hands work to the writing thread.
#[derive(Debug)]
pub(super) struct Writer {
    trouble: Trouble,
    queue: Mutex<Option<mpsc::Sender<Queued>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    commits: Arc<AtomicU64>,
}

impl Writer {
    pub(super) fn start(connection: Connection, trouble: Trouble) -> Result<Self> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let commits = Arc::new(AtomicU64::new(0));
        let mut desk = Desk {
            connection,
            commits: Arc::clone(&commits),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || desk.work_off(receiver))
            .map_err(|error| StoreError::Database(format!("no thread for writing: {error}")))?;
        Ok(Self {
            trouble,
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            commits,
        })
    }

    /// Runs `work` in a transaction; returns once it is durable.
    pub(super) async fn run<T, F>(&self, turn: Turn, work: F) -> Result<T>
    where
        F: FnOnce(&Connection) -> Result<T> + Send + 'static,
        T: Send + 'static,
    {
        let queue = lock(&self.queue).clone().ok_or(StoreError::Closed)?;
        let (reply, answer) = oneshot::channel();
        let task: Box<dyn Work> = Box::new(Task { work, reply });
        queue
            .send((turn, task))
            .await
            .map_err(|_| StoreError::Closed)?;
        drop(queue);
        answer
            .await
            .unwrap_or_else(|_| {
                Err(StoreError::Database(
                    "a write failed inside the program and was taken back; please report it".into(),
                ))
            })
            .map_err(|error| self.trouble.tell(error))
    }

    /// Transactions committed since the start.
    pub(super) fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Takes no more work, finishes what waits and closes the file. Blocks until then.
    pub(super) fn close(&self) {
        drop(lock(&self.queue).take());
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The writing thread's side.
struct Desk {
    connection: Connection,
    commits: Arc<AtomicU64>,
}

impl Desk {
    fn work_off(&mut self, mut receiver: mpsc::Receiver<Queued>) {
        let (mut next, mut in_turn) = (VecDeque::new(), VecDeque::new());
        let mut last = Group::default();
        loop {
            take_waiting(&mut receiver, &mut next, &mut in_turn);
            let expected = next.len() + last.size;
            if next.is_empty() && in_turn.is_empty() {
                let idle = Instant::now();
                match receiver.blocking_recv() {
                    Some(queued) => sort(queued, &mut next, &mut in_turn),
                    None => return,
                }
                if idle.elapsed() > last.took {
                    last = Group::default();
                }
                take_waiting(&mut receiver, &mut next, &mut in_turn);
            }
            if last.size >= MANY && !next.is_empty() {
                let pause = (last.took / GATHER).min(LONGEST) / LOOKS;
                for _ in 0..LOOKS {
                    if next.len() >= expected.min(GROUP) {
                        break;
                    }
                    std::thread::sleep(pause);
                    take_waiting(&mut receiver, &mut next, &mut in_turn);
                }
            }
            last = self.group(&mut next, Duration::MAX);
            self.group(&mut in_turn, TURN);
        }
    }

    /// One transaction.
    fn group(&mut self, waiting: &mut VecDeque<Box<dyn Work>>, turn: Duration) -> Group {
        if waiting.is_empty() {
            return Group::default();
        }
        if let Err(error) = self.connection.execute_batch("BEGIN IMMEDIATE") {
            refuse_all(waiting, &error);
            return Group::default();
        }
        let (begun, mut answers) = (Instant::now(), Vec::new());
        while answers.len() < GROUP && begun.elapsed() < turn {
            let Some(work) = waiting.pop_front() else {
                break;
            };
            answers.extend(self.one(work));
            if self.connection.is_autocommit() {
                // SQLite gave the whole transaction up (disk full, I/O error).
                break;
            }
        }
        let failure = self.commit().err().map(|error| error.to_string());
        let group = Group {
            size: answers.len(),
            took: begun.elapsed(),
        };
        for answer in answers {
            answer.answer(failure.clone().map(StoreError::Database));
        }
        group
    }

    /// One piece of work in its savepoint.
    fn one(&self, work: Box<dyn Work>) -> Option<Box<dyn Answer>> {
        if let Err(error) = self.savepoint("SAVEPOINT work") {
            work.refuse(error.into());
            return None;
        }
        // A panic is a mistake of ours; it must not stop the thread that everybody waits for.
        // The caller hears of it, because the end of his channel is dropped.
        let done = catch_unwind(AssertUnwindSafe(|| work.run(&self.connection))).unwrap_or(None);
        let undone = match done {
            Some(_) => Ok(()),
            None => self.savepoint("ROLLBACK TO work"),
        };
        match undone.and_then(|()| self.savepoint("RELEASE work")) {
            Ok(()) => done,
            Err(error) => {
                if let Some(done) = done {
                    done.answer(Some(error.into()));
                }
                None
            }
        }
    }

    /// Prepared once: there are two for every piece of work.
    fn savepoint(&self, sql: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }

    fn commit(&self) -> Result<()> {
        if self.connection.is_autocommit() {
            return Err(StoreError::Database(
                "SQLite took the transaction back; look for a full disk or I/O errors".into(),
            ));
        }
        if let Err(error) = self.connection.execute_batch("COMMIT") {
            let _ = self.connection.execute_batch("ROLLBACK");
            return Err(error.into());
        }
        self.commits.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

/// What one transaction covered.
#[derive(Default)]
struct Group {
    size: usize,
    took: Duration,
}

fn take_waiting(
    receiver: &mut mpsc::Receiver<Queued>,
    next: &mut VecDeque<Box<dyn Work>>,
    in_turn: &mut VecDeque<Box<dyn Work>>,
) {
    while next.len() + in_turn.len() < QUEUE {
        match receiver.try_recv() {
            Ok(queued) => sort(queued, next, in_turn),
            Err(_) => break,
        }
    }
}

fn sort(
    (turn, work): Queued,
    next: &mut VecDeque<Box<dyn Work>>,
    in_turn: &mut VecDeque<Box<dyn Work>>,
) {
    match turn {
        Turn::Next => next.push_back(work),
        Turn::InTurn => in_turn.push_back(work),
    }
}

fn refuse_all(waiting: &mut VecDeque<Box<dyn Work>>, error: &rusqlite::Error) {
    for work in waiting.drain(..) {
        work.refuse(StoreError::Database(format!("can't begin: {error}")));
    }
}
