//! What a stand-in can be told at its start.

use std::net::{Ipv4Addr, SocketAddr};

use jiff::Timestamp;

/// The configuration of a Mautic as far as it changes what is answered or sent.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 takes a free one.
    pub address: SocketAddr,
    /// Mautic's `site_url`; the bound address when not given.
    pub site_url: Option<String>,
    /// Whether webhooks are sent inside the causing request or by `mautic:webhooks:process`.
    pub queue_mode: QueueMode,
    /// Mautic's `events_orderby_dir`: `ASC` or `DESC`, the order of a queue run for hooks without their own.
    pub events_orderby_dir: String,
    /// Requests per hour and token; 0 switches the limiter off (FACTS 143).
    pub api_rate_limiter_limit: u32,
    /// The `OAuth2` client that may ask for tokens; its id in the database is 1.
    pub oauth_client: OauthClient,
    /// The one user, id 1, role Administrator.
    pub user: User,
    /// Real time, or a clock that only moves when told.
    pub clock: ClockKind,
    /// Seed of everything random: tokens, tracking ids, hashes, secrets.
    pub seed: u64,
    /// Aliases of the standard contact fields that are published; `None` publishes all 28.
    pub published_contact_fields: Option<Vec<String>>,
    /// Where webhooks really go: the authority (`host:port`) of a hook's URL, and the address connected to instead.
    pub receivers: Vec<(String, SocketAddr)>,
    /// Whether to keep the bodies of webhooks that were answered 2xx, for [`crate::StandIn::acknowledged`].
    pub keep_acknowledged: bool,
    /// Whether webhooks are put into a mailbox instead of being sent, for [`crate::StandIn::take_posted`].
    pub mailbox: bool,
    /// SQL run at the start; only `insert into reports` is understood (reports cannot be made by REST).
    pub setup_sql: Vec<String>,
}

/// Mautic's `queue_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueMode {
    /// `immediate_process`: one POST per event and hook, inside the request.
    Immediate,
    /// `command_process`: queued until `mautic:webhooks:process` runs.
    Command,
}

/// Credentials of an `OAuth2` client.
#[derive(Clone, Debug)]
pub struct OauthClient {
    /// Public id as sent by the client, `1_…`.
    pub id: String,
    /// The client's secret.
    pub secret: String,
    /// Shown with its database id as the author of changes: `sidecar [1]`.
    pub name: String,
}

/// The login for Basic authentication.
#[derive(Clone, Debug)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Password in clear.
    pub password: String,
}

/// Which clock to run on.
#[derive(Clone, Copy, Debug)]
pub enum ClockKind {
    /// The machine's time.
    Real,
    /// A clock that stands still at this moment until it is moved.
    Manual(Timestamp),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            site_url: None,
            queue_mode: QueueMode::Immediate,
            events_orderby_dir: "ASC".to_owned(),
            api_rate_limiter_limit: 0,
            oauth_client: OauthClient {
                id: "1_sidecarrandomid2026sidecarrandomid2026".to_owned(),
                secret: "sidecarsecret2026sidecarsecret2026".to_owned(),
                name: "sidecar".to_owned(),
            },
            user: User {
                name: "admin".to_owned(),
                password: "Mautic-admin-2026".to_owned(),
            },
            clock: ClockKind::Real,
            seed: 1,
            published_contact_fields: None,
            receivers: Vec::new(),
            keep_acknowledged: false,
            mailbox: false,
            setup_sql: Vec::new(),
        }
    }
}
