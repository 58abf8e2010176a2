//! The network between topicscore and Mautic, and all that it and Mautic can do to a request.

use super::clock::Time;
use super::crash::Crash;
use super::diary::Diary;
use super::dice::Dice;
use super::mautic::{Mautic, request};
use super::watch::{Watch, Write};
use super::world::World;
use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};
use mautic_fixtures::server::answer::Answer as Answered;
use mautic_fixtures::server::request::Request;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::json;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use topicscore::mautic::{Answer, Lost, NotCarried, Transport};

/// After so long topicscore stops waiting for an answer.
const TIMEOUT: Duration = Duration::from_mins(1);

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Fault {
    /// No connection.
    Refused,
    /// The connection breaks before Mautic hears of it.
    LostBefore,
    /// 401: the token is not known any more.
    Unauthorized,
    /// 429.
    RateLimited,
    /// 500 before the score is saved.
    ErrorBefore,
    /// 500 between the score and its line in the log, whichever comes first (FACTS 22, 45).
    ErrorBetween,
    /// 200, and the row is in the log, but of main points nothing was added: Mautic swallows what
    /// the database says to that (a connection lost, a deadlock too many).
    Swallowed,
    /// 500 after everything is done (FACTS N1).
    ErrorAfter,
    /// Done, and the connection breaks.
    AnswerLost,
    /// Done, and nothing is heard of it until our time is over.
    Hang,
    /// Our time is over, and then it is done.
    Late,
    /// Done, and half of the answer comes.
    Truncated,
    /// A read that sees what was true a moment ago: before our last write, never before our last read.
    Stale,
    /// Somebody else changes the same contact just before.
    Rival,
    /// The contact is merged away while the request is on its way.
    Merged,
    /// The contact is deleted while the request is on its way.
    Deleted,
}

impl Fault {
    /// All of them.
    pub(crate) const ALL: [Self; 16] = [
        Self::Refused,
        Self::LostBefore,
        Self::Unauthorized,
        Self::RateLimited,
        Self::ErrorBefore,
        Self::ErrorBetween,
        Self::Swallowed,
        Self::ErrorAfter,
        Self::AnswerLost,
        Self::Hang,
        Self::Late,
        Self::Truncated,
        Self::Stale,
        Self::Rival,
        Self::Merged,
        Self::Deleted,
    ];

    /// Whether it can happen to this request.
    fn fits(self, write: Option<&Write>, request: &Request) -> bool {
        let login = request.path.starts_with("/oauth");
        match self {
            Self::Unauthorized | Self::RateLimited => !login,
            Self::Stale => write.is_none() && !login,
            Self::ErrorBetween => {
                matches!(write, Some(Write::Group { .. } | Write::Points { .. }))
            }
            Self::Swallowed => matches!(write, Some(Write::Points { .. })),
            Self::Rival => write.is_some() || about(request).is_some(),
            Self::Merged | Self::Deleted => write.is_some(),
            _ => true,
        }
    }
}

/// A request that Mautic carries out later than we waited.
struct Late {
    due: Timestamp,
    request: Request,
    begun: u64,
}

/// A fault that is to happen.
struct Forced {
    fault: Fault,
    kind: &'static str,
    times: u64,
}

#[derive(Default)]
struct State {
    /// Faults out of a hundred requests.
    percent: u64,
    /// Faults for the next requests that they fit.
    forced: Option<Forced>,
    late: Vec<Late>,
    step: u64,
    /// Whether the kept state is at least as new as all that we were told.
    may_lag: bool,
}

/// The network of a run.
pub(crate) struct Network {
    mautic: Arc<Mautic>,
    world: Arc<tokio::sync::Mutex<World>>,
    watch: Watch,
    crash: Crash,
    dice: Dice,
    time: Time,
    diary: Arc<Diary>,
    state: Mutex<State>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Network")
    }
}

impl Network {
    /// A network without faults.
    pub(crate) fn new(
        mautic: &Arc<Mautic>,
        world: &Arc<tokio::sync::Mutex<World>>,
        watch: Watch,
        crash: &Crash,
        dice: Dice,
        time: &Time,
        diary: &Arc<Diary>,
    ) -> Self {
        Self {
            mautic: Arc::clone(mautic),
            world: Arc::clone(world),
            watch,
            crash: crash.clone(),
            dice,
            time: time.clone(),
            diary: Arc::clone(diary),
            state: Mutex::default(),
        }
    }

    /// From now on so many of a hundred requests meet a fault.
    pub(crate) fn faults(&self, percent: u64) {
        self.state().percent = percent;
    }

    /// The next writes of this [`kind`] meet it, at most so many; of a [`Fault::Stale`], reads.
    pub(crate) fn force(&self, fault: Fault, kind: &'static str, times: u64) {
        self.state().forced = Some(Forced { fault, kind, times });
    }

    /// Forces nothing any more.
    pub(crate) fn relent(&self) {
        self.state().forced = None;
    }

    /// A new step begins.
    pub(crate) fn begin_step(&self, step: u64) {
        self.state().step = step;
    }

    /// Keeps Mautic's present state for stale reads.
    pub(crate) async fn keep_for_stale_reads(&self) {
        self.mautic.standin.keep_snapshot().await;
        self.state().may_lag = true;
    }

    /// Mautic was restored from a backup: what it was before can't be read any more.
    pub(crate) fn mautic_restored(&self) {
        self.state().may_lag = false;
        self.watch.mautic_restored();
    }

    /// Mautic is read anew.
    pub(crate) fn mautic_read_anew(&self) {
        self.watch.mautic_read_anew();
    }

    /// Lets Mautic carry out what is late, as far as its time has come.
    pub(crate) async fn land(&self, all: bool) {
        let now = self.time.now();
        let due = {
            let mut state = self.state();
            let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut state.late)
                .into_iter()
                .partition(|late| all || late.due <= now);
            state.late = later;
            due
        };
        for late in due {
            self.diary
                .note(format!("carried out late: {}", late.request.path));
            let write = Write::of(&late.request);
            self.apply(write.as_ref(), &late.request, late.begun).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn draw(&self, write: Option<&Write>, request: &Request) -> Option<Fault> {
        let mut state = self.state();
        if let Some(forced) = &mut state.forced {
            let meant = match write {
                Some(write) => kind(write) == forced.kind,
                None => forced.fault == Fault::Stale,
            };
            if meant && forced.times > 0 && forced.fault.fits(write, request) {
                forced.times -= 1;
                return Some(forced.fault);
            }
        }
        if !self.dice.percent(state.percent) {
            return None;
        }
        let fitting: Vec<_> = Fault::ALL
            .into_iter()
            .filter(|fault| fault.fits(write, request))
            .filter(|fault| *fault != Fault::Stale || state.may_lag)
            .collect();
        Some(self.dice.pick(&fitting))
    }

    async fn apply(&self, write: Option<&Write>, request: &Request, begun: u64) -> Answered {
        let Some(write) = write else {
            self.state().may_lag &= request.path.starts_with("/oauth");
            return self.mautic.answer(request).await;
        };
        let before = self.watch.score(write).await;
        let answer = self.mautic.answer(request).await;
        self.diary.count("writes", kind(write));
        self.watch.wrote(write, request, before, begun).await;
        answer
    }

    async fn meet(
        &self,
        fault: Fault,
        write: Option<&Write>,
        request: &Request,
        begun: u64,
    ) -> Result<Answered, NotCarried> {
        match fault {
            Fault::Refused => Err(lost(Lost::NotConnected)),
            Fault::LostBefore => Err(lost(Lost::Broken)),
            Fault::Unauthorized => Ok(refusal(401, "invalid_grant")),
            Fault::RateLimited => {
                let wait = self.dice.between(1, 90).to_string();
                Ok(refusal(429, "You exceeded the rate limit.").with_header("retry-after", &wait))
            }
            Fault::ErrorBefore => Ok(refusal(500, "Looks like I encountered an error")),
            Fault::ErrorBetween => {
                self.mautic.standin.break_between().await;
                let answer = self.apply(write, request, begun).await;
                // Main points: the row is there, nothing was added.
                if let Some(write) = write {
                    self.watch.swallowed(write);
                }
                Ok(answer)
            }
            Fault::Swallowed => {
                self.mautic.standin.break_between().await;
                self.apply(write, request, begun).await;
                if let Some(write) = write {
                    self.watch.swallowed(write);
                }
                Ok(Answered::api(200, &json!({"success": 1})))
            }
            Fault::ErrorAfter => {
                self.apply(write, request, begun).await;
                if matches!(write, Some(Write::Points { .. })) {
                    // Main points answer 400 when a failing webhook breaks the answer (FACTS N1).
                    return Ok(refusal(400, NO_AUTHOR));
                }
                Ok(refusal(500, "Looks like I encountered an error"))
            }
            Fault::AnswerLost => {
                self.apply(write, request, begun).await;
                Err(lost(Lost::Broken))
            }
            Fault::Hang => {
                self.apply(write, request, begun).await;
                tokio::time::sleep(TIMEOUT).await;
                Err(lost(Lost::TimedOut))
            }
            Fault::Late => {
                tokio::time::sleep(TIMEOUT).await;
                if write.is_some() {
                    self.later(request, begun);
                }
                Err(lost(Lost::TimedOut))
            }
            Fault::Truncated => {
                let mut answer = self.apply(write, request, begun).await;
                answer.body.truncate(answer.body.len() / 2);
                Ok(answer)
            }
            Fault::Stale => {
                self.watch.mislead(begun);
                Ok(self.mautic.standin.handle_stale(request.clone()).await)
            }
            Fault::Rival | Fault::Merged | Fault::Deleted => {
                self.happens_meanwhile(fault, write, request).await;
                Ok(self.apply(write, request, begun).await)
            }
        }
    }

    /// Mautic is done with it some time after we gave up.
    fn later(&self, request: &Request, begun: u64) {
        let wait = self.dice.between(0, LATEST.as_secs());
        let due = self.time.now() + SignedDuration::from_secs(wait);
        self.diary
            .note(format!("  will be carried out {wait} s later"));
        self.state().late.push(Late {
            due,
            request: request.clone(),
            begun,
        });
    }

    async fn happens_meanwhile(&self, fault: Fault, write: Option<&Write>, request: &Request) {
        let named = write.and_then(|write| write.contacts().first().copied());
        let Some(contact) = named.or_else(|| about(request)) else {
            return;
        };
        let mut world = self.world.lock().await;
        match fault {
            Fault::Rival => world.rival(contact).await,
            Fault::Merged => {
                world.merge(contact).await;
            }
            _ => world.delete_contact(contact).await,
        }
    }
}

/// What Mautic's notifier throws after the work was done (FACTS N1).
const NO_AUTHOR: &str =
    "The identifier id is missing for a query of Mautic\\UserBundle\\Entity\\User";
/// Longest time after our timeout that Mautic goes on working on a call.
const LATEST: SignedDuration = SignedDuration::from_secs(110);

#[async_trait::async_trait]
impl Transport for Network {
    async fn carry(&self, sent: reqwest::Request) -> Result<Answer, NotCarried> {
        self.land(false).await;
        let request = taken(&sent);
        let write = Write::of(&request);
        let begun = self.state().step;
        let fault = self.draw(write.as_ref(), &request);
        let login = request
            .path
            .starts_with("/oauth")
            .then(|| "login".to_owned());
        let edge = write.as_ref().map(kind).or(login);
        let name = format!("{} {}", request.method, request.path);
        if let Some(edge) = &edge {
            self.crash.edge(&format!("before {edge}")).await;
        }
        let result = match fault {
            None => Ok(self.apply(write.as_ref(), &request, begun).await),
            Some(fault) => {
                self.diary.count("faults", format!("{fault:?}"));
                self.diary.note(format!("  {fault:?}: {name}"));
                if let Some(write) = &write {
                    self.watch.troubled(write);
                }
                self.meet(fault, write.as_ref(), &request, begun).await
            }
        };
        if let Some(edge) = &edge {
            let status = result.as_ref().map(|answer| answer.status).ok();
            self.diary.note(format!("  {name}: {status:?}"));
            self.crash.edge(&format!("after {edge}")).await;
        }
        result.map(|answered| answer(answered, self.time.mautics()))
    }
}

/// A contact that a read is about.
fn about(request: &Request) -> Option<u64> {
    match request.path_segments()[..] {
        ["api", "contacts", contact, ..] => contact.parse().ok(),
        _ => None,
    }
}

/// What is told of a write.
fn kind(write: &Write) -> String {
    match write {
        Write::Group { how, .. } => format!("group {how}"),
        Write::Points { how, .. } => format!("points {how}"),
        Write::Add { .. } => "segment add".to_owned(),
        Write::Remove { .. } => "segment remove".to_owned(),
        Write::Email { .. } => "email".to_owned(),
        Write::Edit { .. } => "edit".to_owned(),
        Write::Other => "other".to_owned(),
    }
}

fn lost(lost: Lost) -> NotCarried {
    NotCarried::Lost {
        lost,
        detail: "the simulation's network".to_owned(),
    }
}

/// An error as Mautic words it.
fn refusal(status: u16, message: &str) -> Answered {
    Answered::json(
        status,
        &json!({"errors": [{"code": status, "message": message}]}),
    )
}

fn taken(sent: &reqwest::Request) -> Request {
    let url = sent.url();
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let headers = sent.headers().iter().map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        (name.as_str().to_owned(), value)
    });
    let body = sent.body().and_then(reqwest::Body::as_bytes);
    request(
        sent.method().as_str(),
        &target,
        headers.collect(),
        body.unwrap_or_default().to_vec(),
    )
}

/// The answer as a web server sends it, with the time by its clock.
fn answer(answered: Answered, now: Timestamp) -> Answer {
    let mut headers = HeaderMap::new();
    let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&now);
    if let Some(date) = date.ok().and_then(|date| HeaderValue::try_from(date).ok()) {
        headers.insert(reqwest::header::DATE, date);
    }
    for (name, value) in &answered.headers {
        let name = HeaderName::try_from(name.as_str());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    Answer {
        status: StatusCode::from_u16(answered.status).unwrap(),
        headers,
        body: answered.body,
    }
}
