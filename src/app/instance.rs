//! One instance: one Mautic with its store, client, plan and workers.

use super::catalog::{keep_catalog, kept_catalog, read_catalog};
use super::effects::missing_receivers;
use super::tokens::StoredTokens;
use super::triggers;
use crate::clock::Clock;
use crate::config::{Config, Login, WriteMode};
use crate::health::Health;
use crate::intake::poll::{Feed, Poller};
use crate::mautic::budget::{Budget, Limits, LocalBudget};
use crate::mautic::{Client, Credentials, MemoryTokens, Parts, Settings, TokenStore};
use crate::metrics::{Registered, register};
use crate::plan::{Compiled, Plan, compile};
use crate::store::sqlite::{Hold, SqliteStore};
use crate::store::{Owner, PlanRecord, SharedStore, Store};
use anyhow::{Context, bail};
use jiff::Timestamp;
use std::{net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;
use tokio::sync::watch;

/// A poller over the instance's store and Mautic.
pub(super) type StoredPoller = Poller<dyn Store, Client>;

/// A plan's text and where it came from.
#[derive(Debug, Clone)]
pub struct PlanSource {
    /// Name of the file, for messages.
    pub file: String,
    /// The text.
    pub text: String,
}

/// Sockets that are bound already: whoever made them knows their addresses.
#[derive(Debug)]
pub struct Listeners {
    /// For Mautic's webhooks.
    pub webhook: TcpListener,
    /// For the admin interface.
    pub admin: TcpListener,
}

/// Where an instance listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// For Mautic's webhooks.
    pub webhook: SocketAddr,
    /// For the admin interface.
    pub admin: SocketAddr,
}

impl Listeners {
    /// Binds the addresses of a config.
    ///
    /// # Errors
    /// When one is taken or not this machine's; the text names it.
    pub async fn bind(config: &Config) -> anyhow::Result<Self> {
        let bind = |address: SocketAddr, what: &'static str| async move {
            TcpListener::bind(address).await.with_context(|| {
                format!("{what} can't listen on {address}: is it taken by another program?")
            })
        };
        Ok(Self {
            webhook: bind(config.webhook.listen, "the webhook receiver").await?,
            admin: bind(config.admin.listen, "the admin interface").await?,
        })
    }

    /// Where they listen.
    ///
    /// # Errors
    /// The system's.
    pub fn addresses(&self) -> anyhow::Result<Addresses> {
        Ok(Addresses {
            webhook: self.webhook.local_addr()?,
            admin: self.admin.local_addr()?,
        })
    }
}

/// One instance with its parts; [`Instance::start`] sets its workers to work.
#[derive(Debug)]
pub struct Instance {
    /// What a person set.
    pub config: Config,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Everything durable.
    pub store: SharedStore,
    /// Mautic.
    pub client: Client,
    /// How much Mautic may be asked.
    pub budget: Arc<LocalBudget>,
    /// How the workers are.
    pub health: Health,
    /// What is counted.
    pub metrics: Arc<Registered>,
    /// Leases are taken in this name.
    pub owner: Owner,
    pub(super) plan: watch::Sender<Option<Arc<Compiled>>>,
    pub(super) poller: std::sync::OnceLock<Arc<StoredPoller>>,
    /// The store as the file it is.
    pub(super) file: Arc<SqliteStore>,
    /// Once it works on the store, and no other may.
    pub(super) hold: std::sync::OnceLock<Hold>,
}

impl Instance {
    /// As [`Instance::open`], for one that will be started: before it changes anything, no other
    /// may be at work on the store.
    ///
    /// # Errors
    /// Those, and when another process works on the store.
    pub fn open_to_start(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let path = &config.store.path;
        let hold = Hold::take(path)
            .with_context(|| format!("the store {} can't be opened", path.display()))?;
        let instance = Self::open(config, clock)?;
        let _ = instance.hold.set(hold);
        Ok(instance)
    }

    /// Opens the store and prepares everything. Asks Mautic nothing.
    ///
    /// # Errors
    /// When the store can't be opened, or the config names an unusable Mautic.
    pub fn open(config: Config, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let path = &config.store.path;
        let store = SqliteStore::open(path)
            .with_context(|| format!("the store {} can't be opened", path.display()))?;
        let file = Arc::new(store);
        let store: SharedStore = Arc::clone(&file) as SharedStore;
        let budget = budget(&config, &clock);
        let tokens = Arc::new(StoredTokens(Arc::clone(&store)));
        let client = client(&config, tokens, &clock, &budget)?;
        let name = config
            .mautic
            .base_url
            .host_str()
            .unwrap_or("mautic")
            .to_owned();
        Ok(Self {
            clock,
            client,
            budget,
            health: Health::new(),
            metrics: Arc::new(register(env!("CARGO_PKG_VERSION"), &name)),
            owner: Owner(format!(
                "{}-{:016x}",
                std::process::id(),
                rand::random::<u64>()
            )),
            plan: watch::channel(None).0,
            poller: std::sync::OnceLock::new(),
            file,
            hold: std::sync::OnceLock::new(),
            config,
            store,
        })
    }

    /// The plan in force.
    #[must_use]
    pub fn plan(&self) -> watch::Receiver<Option<Arc<Compiled>>> {
        self.plan.subscribe()
    }

    /// Whether every table was polled to its end since then; tables read rarely are left out.
    #[must_use]
    pub fn polled_since(&self, since: Timestamp) -> bool {
        self.poller.get().is_some_and(|poller| {
            let status = poller.status();
            let fresh = |feed: &Feed| {
                status
                    .get(feed)
                    .is_some_and(|feed| feed.last_success > Some(since))
            };
            Feed::ALL
                .iter()
                .filter(|feed| feed.pause().is_zero())
                .all(fresh)
        })
    }

    /// Begins the next round of polls now; without effect before [`Instance::start`].
    pub fn poll_now(&self) {
        if let Some(poller) = self.poller.get() {
            poller.wake();
        }
    }

    /// Whether results are written to Mautic.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.config.write.mode == WriteMode::Live
    }

    /// Reads, binds and activates a plan. Mautic's names are read now if Mautic answers, else the
    /// ones kept last serve.
    ///
    /// # Errors
    /// All mistakes of the plan; or no names to be had.
    pub async fn load_plan(&self, source: &PlanSource) -> anyhow::Result<Arc<Compiled>> {
        let (plan, warnings) = match Plan::parse(&source.file, &source.text) {
            Ok(parsed) => parsed,
            Err(findings) => bail!("the plan has mistakes:\n{findings}"),
        };
        for warning in &warnings {
            tracing::warn!("{warning}");
        }
        let missing = missing_receivers(&plan, &self.config);
        if !missing.is_empty() {
            bail!("the plan's triggers need more than the config has:\n{missing}");
        }
        let catalog = self.catalog().await?;
        let mut compiled = match compile(&plan, &catalog) {
            Ok(compiled) => compiled,
            Err(findings) => bail!("the plan does not fit this Mautic:\n{findings}"),
        };
        let now = self.clock.now();
        triggers::date(&self.store, &mut compiled, now).await?;
        let compiled = Arc::new(compiled);
        let record = PlanRecord {
            version: compiled.version.clone(),
            text: source.text.clone(),
            activated_at: now,
        };
        self.store.activate_plan(record).await?;
        // Before contacts become dirty: what is scored from now on is scored by this plan.
        self.plan.send_replace(Some(Arc::clone(&compiled)));
        let outdated = self.store.mark_outdated(&compiled.version, now).await?;
        if outdated > 0 {
            tracing::info!(
                contacts = outdated,
                plan = compiled.version,
                "to be scored anew"
            );
        }
        Ok(compiled)
    }

    async fn catalog(&self) -> anyhow::Result<crate::plan::Catalog> {
        match read_catalog(&self.client).await {
            Ok(catalog) => {
                keep_catalog(&self.store, &catalog).await?;
                Ok(catalog)
            }
            Err(error) => {
                let kept = kept_catalog(&self.store).await?;
                let kept = kept.with_context(|| {
                    format!("Mautic's names can't be read: {error}. {}", error.hint())
                })?;
                tracing::warn!(%error, "Mautic's names can't be read; using those of last time");
                Ok(kept)
            }
        }
    }
}

/// A client of a config's Mautic that keeps nothing: for looking before there is a store.
///
/// # Errors
/// When the config names an unusable Mautic.
pub fn passing_client(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Client> {
    let tokens = Arc::new(MemoryTokens::default());
    client(config, tokens, clock, &budget(config, clock))
}

fn client(
    config: &Config,
    tokens: Arc<dyn TokenStore>,
    clock: &Arc<dyn Clock>,
    budget: &Arc<LocalBudget>,
) -> anyhow::Result<Client> {
    let credentials = match &config.mautic.login {
        Login::ClientCredentials {
            client_id,
            client_secret,
        } => Credentials::ClientCredentials {
            id: client_id.clone(),
            secret: client_secret.clone(),
        },
        Login::Basic { username, password } => Credentials::Basic {
            user: username.clone(),
            password: password.clone(),
        },
    };
    let mut settings = Settings::new(config.mautic.base_url.clone(), credentials);
    settings.timeout = config.mautic.timeout;
    let parts = Parts {
        clock: Arc::clone(clock),
        budget: Arc::clone(budget) as Arc<dyn Budget>,
        tokens,
    };
    Ok(Client::new(settings, parts)?)
}

fn budget(config: &Config, clock: &Arc<dyn Clock>) -> Arc<LocalBudget> {
    let limits = Limits {
        per_minute: per_minute(config.budget.requests_per_second),
        burst: config.budget.burst,
        in_flight: config.budget.in_flight,
    };
    Arc::new(LocalBudget::new(limits, Arc::clone(clock)))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the config keeps it from 0.1 to 1000"
)]
fn per_minute(requests_per_second: f64) -> u32 {
    (requests_per_second * 60.0).round() as u32
}
