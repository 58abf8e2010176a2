//! TOML + environment + secret files ─▶ [`Config`], or everything that is wrong with them. PURE.
//!
//! The shell reads the file, the environment and the secret files; this room is given them.

mod effects;
mod given;
mod mautic;
mod net;
mod service;
#[cfg(test)]
mod tests;
mod units;

use crate::diagnostics::{Findings, Sheet, Source};
use given::Given;
use lettre::message::Mailbox;
use secrecy::SecretString;
use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use url::Url;

/// Everything a person can set.
#[derive(Debug, Clone)]
pub struct Config {
    /// The Mautic to work beside.
    pub mautic: MauticConfig,
    /// How much of Mautic may be used.
    pub budget: BudgetConfig,
    /// The receiver of Mautic's webhooks.
    pub webhook: WebhookConfig,
    /// Reading what webhooks do not tell.
    pub poll: PollConfig,
    /// Where the journal is kept.
    pub store: StoreConfig,
    /// The plan's file.
    pub plan: PlanConfig,
    /// Whether to write to Mautic.
    pub write: WriteConfig,
    /// The mail server, if triggers may mail people.
    pub mail: Option<MailConfig>,
    /// Receivers of webhooks that triggers may call.
    pub webhook_targets: Vec<WebhookTarget>,
    /// The admin interface.
    pub admin: AdminConfig,
    /// Logs.
    pub log: LogConfig,
}

/// `[mautic]`
#[derive(Debug, Clone)]
pub struct MauticConfig {
    /// Address of Mautic, with a trailing slash, so that `join("api/…")` stays below it.
    pub base_url: Url,
    /// How to log in.
    pub login: Login,
    /// Longest wait for one answer; default 60 s.
    pub timeout: Duration,
    /// Longest time that Mautic may go on with a request after nobody waits for its answer; 1 s to
    /// 9 min. What such a request may have written is not written anew before.
    pub longest_request: Duration,
}

/// How to log in to Mautic.
#[derive(Debug, Clone)]
pub enum Login {
    /// `OAuth2` client credentials (recommended: Basic costs Mautic 0.5 s per call, FACTS 142).
    ClientCredentials {
        /// Client id (public key).
        client_id: String,
        /// Client secret (secret key).
        client_secret: SecretString,
    },
    /// HTTP Basic.
    Basic {
        /// User name.
        username: String,
        /// Password.
        password: SecretString,
    },
}

/// `[budget]`
#[derive(Debug, Clone, PartialEq)]
pub struct BudgetConfig {
    /// Requests per second over time, 0.1 to 1000; default 5.
    pub requests_per_second: f64,
    /// Requests at once after a pause, 1 to 1000; default 10.
    pub burst: u32,
    /// Requests without an answer yet, 1 to 64; default 4.
    pub in_flight: u32,
}

/// `[webhook]`
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    /// Where the receiver listens; default 127.0.0.1:8750.
    pub listen: SocketAddr,
    /// The receiver's address as Mautic reaches it.
    pub public_url: Option<Url>,
    /// Whether topicscore registers its hook; default: if `public_url` is set.
    pub register: bool,
    /// Whether to publish the hook again when Mautic has unpublished it (FACTS 9); default: true.
    pub republish: bool,
    /// Accepted secrets, the current one first. Empty: made at registration.
    pub secrets: Vec<SecretString>,
    /// Largest body in bytes; default 32 MiB.
    pub body_limit: usize,
    /// Longest time to read one delivery; default 10 s.
    pub read_timeout: Duration,
    /// How long raw bodies are kept after decoding; default 30 days.
    pub keep_bodies: Duration,
}

/// `[poll]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PollConfig {
    /// Pause between two rounds; default 1 min.
    pub interval: Duration,
    /// Rows per page, 10 to 10000; default 500.
    pub page_size: u32,
    /// Rows read again before the cursor, below `page_size`; default 100, at most half a page.
    pub overlap: u32,
}

/// `[store]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// The `SQLite` file; default `topicscore.db`.
    pub path: PathBuf,
}

/// `[plan]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanConfig {
    /// The plan's file; default `plan.toml`.
    pub file: PathBuf,
}

/// `[write]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WriteConfig {
    /// Default: [`WriteMode::Observe`].
    pub mode: WriteMode,
    /// In so long all contacts are compared with Mautic once; default 24 h. `None`: never.
    pub sweep: Option<Duration>,
}

/// Whether results are written to Mautic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    /// Compute and show, write nothing.
    Observe,
    /// Write.
    Live,
}

/// `[mail]`
#[derive(Debug, Clone)]
pub struct MailConfig {
    /// Name or address of the mail server.
    pub host: String,
    /// Its port; default 587, 465 with `tls = "implicit"`, 25 with `tls = "none"`.
    pub port: u16,
    /// How the connection is encrypted; default [`MailTls::StartTls`].
    pub tls: MailTls,
    /// User and password, if the server wants them.
    pub login: Option<(String, SecretString)>,
    /// Sender: `scores@example.com` or `Scores <scores@example.com>`.
    pub from: Mailbox,
}

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// Begun in clear, then STARTTLS; never without.
    StartTls,
    /// From the first byte.
    Implicit,
    /// Not at all.
    None,
}

/// `[[webhook_target]]`
#[derive(Debug, Clone)]
pub struct WebhookTarget {
    /// Name that plans call it by.
    pub name: String,
    /// Its address.
    pub url: Url,
    /// Secret shared with it: `whsec_` and 24 to 64 bytes in base64.
    pub secret: SecretString,
}

/// `[admin]`
#[derive(Debug, Clone)]
pub struct AdminConfig {
    /// Where the admin interface listens; default 127.0.0.1:8751.
    pub listen: SocketAddr,
    /// Password of the admin interface; needed on addresses other than loopback.
    pub password: Option<SecretString>,
}

/// `[log]`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogConfig {
    /// Least important lines that are shown; default info.
    pub level: LogLevel,
    /// Default text.
    pub format: LogFormat,
}

/// Importance of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Only errors.
    Error,
    /// Warnings, too.
    Warn,
    /// What happens, in short.
    Info,
    /// What happens, in detail.
    Debug,
    /// Everything.
    Trace,
}

/// Form of the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

impl LogLevel {
    /// Name as in the config: `error` to `trace`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What a config is made from.
#[derive(Clone, Copy)]
pub struct Inputs<'i> {
    /// Path of the config file. Relative paths in it are relative to its folder.
    pub file: &'i Path,
    /// The file's text; empty if there is no file.
    pub text: &'i str,
    /// The environment. Variables that do not begin with `TOPICSCORE_` are passed over.
    pub env: &'i BTreeMap<String, String>,
    /// Reads a secret's file; the error says why it could not.
    pub read: &'i dyn Fn(&Path) -> Result<String, String>,
}

/// Texts and variables can hold secrets, so only the path is shown.
impl fmt::Debug for Inputs<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inputs")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// Reads and checks a config. A variable such as `TOPICSCORE_MAUTIC__BASE_URL` goes
    /// before the file; an empty one counts as not set.
    ///
    /// # Errors
    /// Everything that is wrong, warnings included. No finding shows a secret.
    pub fn load(inputs: &Inputs<'_>) -> Result<(Self, Findings), Findings> {
        let file = inputs.file.display().to_string();
        let source = Source::with_secrets(&file, inputs.text, SHOWN_KEYS);
        let ((config, told), mut findings) = Sheet::read(&source, |root| {
            let given = Given::new(&root, inputs);
            let config = read(&given);
            (config, given.finish())
        });
        findings.extend(told);
        findings.judge(config)
    }
}

fn read(given: &Given<'_, '_>) -> Option<Config> {
    let mautic = mautic::read(given);
    let budget = service::budget(given);
    let webhook = net::webhook(given);
    let poll = service::poll(given);
    let store = service::store(given);
    let plan = service::plan(given);
    let write = service::write(given);
    let mail = effects::mail(given);
    let webhook_targets = effects::webhook_targets(given);
    let admin = net::admin(given, webhook.as_ref());
    let log = service::log(given);
    Some(Config {
        mautic: mautic?,
        budget: budget?,
        webhook: webhook?,
        poll: poll?,
        store: store?,
        plan: plan?,
        write: write?,
        mail: mail?,
        webhook_targets: webhook_targets?,
        admin: admin?,
        log: log?,
    })
}

/// Keys whose names findings may show together with their line; never their values.
const SHOWN_KEYS: &[&str] = &[
    "base_url",
    "client_id",
    "client_secret",
    "client_secret_file",
    "username",
    "password",
    "password_file",
    "timeout",
    "longest_request",
    "requests_per_second",
    "burst",
    "in_flight",
    "listen",
    "public_url",
    "register",
    "republish",
    "secret",
    "secret_file",
    "previous_secret",
    "previous_secret_file",
    "body_limit",
    "read_timeout",
    "keep_bodies",
    "interval",
    "page_size",
    "overlap",
    "host",
    "port",
    "tls",
    "user",
    "from",
    "name",
    "path",
    "url",
    "file",
    "mode",
    "level",
    "format",
];
