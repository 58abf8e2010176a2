//! Starting, stopping and looking into a running stand-in.

pub mod answer;
mod cut;
mod http;
pub mod options;
pub mod request;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinHandle;

use crate::faults::{Fault, Faults, Rule};
use crate::state::clock::Clock;
use crate::state::hooks::Posted;
use crate::state::{Id, State};
use answer::Answer;
use options::Options;
use request::Request;

/// The state, held by one request (or command) at a time, as a lock over the whole Mautic.
pub(crate) type SharedState = Arc<Mutex<State>>;

/// A running stand-in. Dropping it stops it.
pub struct StandIn {
    address: SocketAddr,
    clock: Clock,
    state: SharedState,
    faults: Faults,
    stop: Option<oneshot::Sender<()>>,
    server: Option<JoinHandle<()>>,
}

impl StandIn {
    /// Binds the address of the options (a free port of 127.0.0.1 unless told) and serves from a clean database.
    ///
    /// # Errors
    /// When the address cannot be bound.
    pub async fn start(mut options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind(options.address).await?;
        let address = listener.local_addr()?;
        options
            .site_url
            .get_or_insert_with(|| format!("http://{address}"));
        let clock = Clock::new(options.clock);
        let faults = Faults::new(options.seed);
        let state = Arc::new(Mutex::new(State::new(options, clock.clone())));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(http::serve(
            listener,
            Arc::clone(&state),
            faults.clone(),
            stopped,
        ));
        Ok(Self {
            address,
            clock,
            state,
            faults,
            stop: Some(stop),
            server: Some(server),
        })
    }

    /// A stand-in without a server: requests are handed to [`StandIn::handle`].
    #[must_use]
    pub fn detached(mut options: Options) -> Self {
        let site = || format!("http://{}", options.address);
        let site = options.site_url.clone().unwrap_or_else(site);
        options.site_url = Some(site);
        let clock = Clock::new(options.clock);
        Self {
            address: options.address,
            faults: Faults::new(options.seed),
            state: Arc::new(Mutex::new(State::new(options, clock.clone()))),
            clock,
            stop: None,
            server: None,
        }
    }

    /// Answers a request as the server does, without a socket and without faults, in the calling task: webhooks hold
    /// it up unless they go into the mailbox.
    pub async fn handle(&self, request: &Request) -> Answer {
        let mut state = self.state.lock().await;
        http::serve_one(&mut state, &self.faults, request)
    }

    /// [`StandIn::handle`] for a read that sees the state kept last by [`StandIn::keep_snapshot`].
    pub async fn handle_stale(&self, request: Request) -> Answer {
        http::stale(Arc::clone(&self.state), &self.faults, request).await
    }

    /// Keeps the present state for stale reads.
    pub async fn keep_snapshot(&self) {
        self.faults.keep_snapshot(&*self.state.lock().await);
    }

    /// Lets the next request that changes points die between these and their line in the points log (FACTS 45).
    pub async fn break_between(&self) {
        self.state.lock().await.dies_between = true;
    }

    /// Takes what is in the mailbox, oldest first.
    pub async fn take_posted(&self) -> Vec<Posted> {
        std::mem::take(&mut self.state.lock().await.hooks.posted)
    }

    /// Lets the mailbox refuse connections, or take them again.
    pub async fn close_mailbox(&self, closed: bool) {
        self.state.lock().await.hooks.mailbox_closed = closed;
    }

    /// Hides a row of a stats table, as if its transaction were not committed yet (FACTS 105).
    pub async fn hide_row(&self, table: &str, id: Id) {
        let row = (table.to_owned(), id);
        self.state.lock().await.unseen.insert(row);
    }

    /// Shows all hidden rows: their transactions are committed.
    pub async fn show_rows(&self) {
        self.state.lock().await.unseen.clear();
    }

    /// `http://host:port` without a trailing slash.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bound address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The clock all of the stand-in reads; a manual one can be stepped.
    #[must_use]
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Reads the state between two requests.
    pub async fn with_state<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&*self.state.lock().await)
    }

    /// Puts back a state that was cloned before, as from a backup of the database; webhooks that wait
    /// to be delivered are those of the backup, too.
    pub async fn put_back(&self, backup: State) {
        *self.state.lock().await = backup;
    }

    /// The scores of a contact by group id; groups without a row are missing (FACTS 26).
    pub async fn group_scores(&self, contact: Id) -> BTreeMap<Id, i64> {
        self.with_state(|state| state.group_scores.of_contact(contact))
            .await
    }

    /// A contact's main points in the database; `None` for a contact that does not exist.
    pub async fn points(&self, contact: Id) -> Option<i64> {
        self.with_state(|state| state.contacts.get(contact).map(|contact| contact.points))
            .await
    }

    /// The ids of all contacts, anonymous ones included, lowest first.
    pub async fn contacts(&self) -> Vec<Id> {
        self.with_state(|state| state.contacts.iter().map(|(id, _)| id).collect())
            .await
    }

    /// The contacts in a segment; those taken out by hand are not.
    pub async fn segment_members(&self, segment: Id) -> Vec<Id> {
        self.with_state(|state| state.segments.members_of(segment).collect())
            .await
    }

    /// Changes the state between two requests, as SQL would: nothing is logged, nobody is told.
    pub async fn change_state<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut *self.state.lock().await)
    }

    /// The fault script. Stale reads need a kept state: see [`StandIn::inject`].
    #[must_use]
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Adds a fault; for [`Fault::Stale`] the present state is kept first.
    pub async fn inject(&self, rule: Rule) {
        if rule.fault == Fault::Stale {
            self.faults.keep_snapshot(&*self.state.lock().await);
        }
        self.faults.add(rule);
    }

    /// Runs a console command such as `mautic:segments:update` and gives its exit code.
    pub async fn run_command(&self, command: &str) -> i32 {
        let mut state = Arc::clone(&self.state).lock_owned().await;
        let command = command.to_owned();
        // Commands send webhooks, which blocks.
        let run = tokio::task::spawn_blocking(move || crate::cron::run(&mut state, &command));
        run.await.unwrap_or(255)
    }

    /// Webhook deliveries sent since the start, those without an answer included.
    pub async fn deliveries_sent(&self) -> u64 {
        self.with_state(|state| state.hooks.deliveries_sent).await
    }

    /// Bodies of the webhooks that were answered 2xx, oldest first; none unless the options ask for them.
    pub async fn acknowledged(&self) -> Vec<String> {
        self.with_state(|state| state.hooks.acknowledged.clone())
            .await
    }

    /// Stops accepting, waits for the request under way.
    pub async fn stop(mut self) {
        self.faults.release();
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
    }
}
