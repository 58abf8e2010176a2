//! Crashes: at a chosen edge of what a step does to the store or the network it goes no further,
//! and whoever drives it drops it, with all it held in memory.

use super::diary::Diary;
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// Where a step may crash: before or after something takes effect outside of the process.
#[derive(Debug, Clone)]
pub(crate) struct Crash(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    diary: Arc<Diary>,
}

#[derive(Debug, Default)]
struct State {
    /// Edges until the crash.
    left: Option<usize>,
    /// The name of the edge of the crash, if it is not the next one after so many.
    at: Option<String>,
    happened: Option<String>,
    store_fails: bool,
}

impl Crash {
    /// No crash is due.
    pub(crate) fn new(diary: &Arc<Diary>) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            diary: Arc::clone(diary),
        }))
    }

    /// Crashes at the edge after so many; instead of a crash the store may fail.
    pub(crate) fn after(&self, edges: usize, store_fails: bool) {
        let mut state = self.state();
        state.left = Some(edges);
        state.store_fails = store_fails;
    }

    /// Crashes at the next edge of this name.
    pub(crate) fn at(&self, edge: &str) {
        self.state().at = Some(edge.to_owned());
    }

    /// No crash is due any more.
    pub(crate) fn never(&self) {
        let mut state = self.state();
        state.left = None;
        state.at = None;
    }

    /// An edge of the network. Never returns if the crash is here.
    pub(crate) async fn edge(&self, name: &str) {
        if self.meets(name).0 {
            self.crash(name).await;
        }
    }

    /// An edge of the store. Never returns if the crash is here; says whether the store fails
    /// instead.
    pub(crate) async fn store_edge(&self, name: &str) -> bool {
        let (crashes, store_fails) = self.meets(name);
        if crashes && store_fails && name.starts_with("before") {
            self.0.diary.count("store errors", name);
            self.0.diary.note(format!("the store fails {name}"));
            return true;
        }
        if crashes {
            self.crash(name).await;
        }
        false
    }

    async fn crash(&self, name: &str) {
        self.state().happened = Some(name.to_owned());
        self.0.diary.count("crashes", name);
        self.0.diary.note(format!("CRASH {name}"));
        pending::<()>().await;
    }

    fn meets(&self, name: &str) -> (bool, bool) {
        let mut state = self.state();
        let named = state.at.as_deref() == Some(name);
        let crashes = match &mut state.left {
            _ if named => true,
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        };
        if crashes {
            state.left = None;
            state.at = None;
        }
        (crashes, state.store_fails && !named)
    }

    /// Runs a step; `None` if it crashed: all that it held is gone.
    pub(crate) async fn mortal<F: Future>(&self, step: F) -> Option<F::Output> {
        let mut step = pin!(step);
        poll_fn(|context| match step.as_mut().poll(context) {
            Poll::Ready(done) => Poll::Ready(Some(done)),
            Poll::Pending if self.state().happened.take().is_some() => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
