//! Those whom triggers tell: a mail server and receivers of webhooks, who write down what they get,
//! and the network between them and topicscore.

use super::crash::Crash;
use super::diary::Diary;
use super::dice::Dice;
use super::firings::{Firings, Kind, Which};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use topicscore::writeback::effects::{Hooks, Mailer, OutgoingMail, Trouble, WebhookCall};

/// After so long nobody waits for an answer any more.
const PATIENCE: Duration = Duration::from_secs(20);

/// What can happen on the way to them and back.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// No connection.
    Refused,
    /// "Not now", before anything is taken.
    NotNow,
    /// The connection breaks before anything is taken.
    LostBefore,
    /// Taken, and the connection breaks.
    AnswerLost,
    /// Taken, and nothing is heard of it.
    Hang,
}

const FAULTS: [Fault; 5] = [
    Fault::Refused,
    Fault::NotNow,
    Fault::LostBefore,
    Fault::AnswerLost,
    Fault::Hang,
];

/// They and the way to them.
pub(crate) struct Receivers {
    firings: Arc<Firings>,
    crash: Crash,
    dice: Dice,
    diary: Arc<Diary>,
    /// Faults out of a hundred calls.
    percent: AtomicU64,
}

impl fmt::Debug for Receivers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receivers")
    }
}

impl Receivers {
    /// A way without faults.
    pub(crate) fn new(
        firings: &Arc<Firings>,
        crash: &Crash,
        dice: Dice,
        diary: &Arc<Diary>,
    ) -> Self {
        Self {
            firings: Arc::clone(firings),
            crash: crash.clone(),
            dice,
            diary: Arc::clone(diary),
            percent: AtomicU64::new(0),
        }
    }

    /// From now on so many of a hundred calls meet a fault.
    pub(crate) fn faults(&self, percent: u64) {
        self.percent.store(percent, Ordering::Relaxed);
    }

    /// Carries a call to whom it is for; `taken` is done when he takes it.
    async fn carry(&self, name: &str, taken: impl FnOnce()) -> Result<String, Trouble> {
        self.crash.edge(&format!("before {name}")).await;
        let percent = self.percent.load(Ordering::Relaxed);
        let fault = self.dice.percent(percent).then(|| self.dice.pick(&FAULTS));
        if let Some(fault) = fault {
            self.diary.count("faults", format!("{name}: {fault:?}"));
            self.diary.note(format!("  {fault:?}: {name}"));
        }
        if matches!(fault, None | Some(Fault::AnswerLost | Fault::Hang)) {
            taken();
        }
        if matches!(fault, Some(Fault::Hang)) {
            tokio::time::sleep(PATIENCE).await;
        }
        self.crash.edge(&format!("after {name}")).await;
        let what = || format!("the simulation: {fault:?}");
        match fault {
            None => Ok("thanks".to_owned()),
            Some(Fault::Refused | Fault::NotNow) => Err(Trouble::later(what())),
            Some(Fault::LostBefore | Fault::AnswerLost | Fault::Hang) => {
                self.firings.doubtful();
                Err(Trouble::Unsure { what: what() })
            }
        }
    }
}

#[async_trait::async_trait]
impl Mailer for Receivers {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, Trouble> {
        let which = mail.to.split('@').next().and_then(Which::of);
        let contact = mail.subject.parse().ok();
        self.carry("mail", || match (which, contact) {
            (Some(which), Some(contact)) => {
                self.firings.told(which, Kind::Mail, contact, &mail.id);
            }
            _ => self.diary.wrong(format!("a mail nobody wanted: {mail:?}")),
        })
        .await
    }
}

#[async_trait::async_trait]
impl Hooks for Receivers {
    async fn call(&self, call: &WebhookCall) -> Result<String, Trouble> {
        let body: Value = serde_json::from_str(&call.body).unwrap_or(Value::Null);
        let contact = body["data"]["contact"]["id"].as_u64();
        self.carry("webhook", || match (Which::of(&call.target), contact) {
            (Some(which), Some(contact)) => {
                self.firings.told(which, Kind::Webhook, contact, &call.id);
            }
            _ => self
                .diary
                .wrong(format!("a webhook nobody wanted: {call:?}")),
        })
        .await
    }
}
