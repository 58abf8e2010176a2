//! The stage: a stand-in with something to visit, and an instance beside it.

use super::plan;
use crate::app::{Addresses, Instance, Listeners, PlanSource};
use crate::clock::SystemClock;
use crate::config::{
    AdminConfig, BudgetConfig, Config, LogConfig, LogFormat, LogLevel, Login, MauticConfig,
    PlanConfig, PollConfig, StoreConfig, WebhookConfig, WriteConfig, WriteMode,
};
use crate::lifecycle::Lifecycle;
use anyhow::Context;
use mautic_fixtures::simulator::{Access, Catalog, CatalogPlan, set_up};
use mautic_fixtures::{OauthClient, Options, StandIn};
use std::{net::SocketAddr, sync::Arc, time::Duration};
use url::Url;

/// How the scene is set.
#[derive(Debug, Clone)]
pub struct SceneOptions {
    /// Folder of the store; must exist.
    pub folder: std::path::PathBuf,
    /// Seed of everything random in the stand-in.
    pub seed: u64,
    /// Where the admin interface listens.
    pub admin: SocketAddr,
    /// Whether scores are written to Mautic.
    pub mode: WriteMode,
    /// Whether the stand-in keeps the bodies that were acknowledged, see [`StandIn::acknowledged`].
    pub keep_acknowledged: bool,
}

impl Default for SceneOptions {
    /// The system's folder for temporary files, seed 1, any free port of loopback, live.
    fn default() -> Self {
        Self {
            folder: std::env::temp_dir(),
            seed: 1,
            admin: ([127, 0, 0, 1], 0).into(),
            mode: WriteMode::Live,
            keep_acknowledged: false,
        }
    }
}

/// A stand-in with something to visit, whose topics wait for somebody to score them.
#[derive(Debug)]
pub struct Stage {
    /// What there is to visit.
    pub catalog: Catalog,
    /// Mautic.
    pub mautic: Mautic,
    /// How the daemon logs in.
    pub client: OauthClient,
}

impl Stage {
    /// Starts a stand-in and fills it. Mautic's own point actions of the topics are switched off.
    ///
    /// # Errors
    /// When no port is free, or the stand-in refuses something.
    pub async fn set(options: Options) -> anyhow::Result<Self> {
        let client = options.oauth_client.clone();
        let mautic = StandIn::start(options)
            .await
            .context("the Mautic stand-in can't start")?;
        let catalog = set_up(
            &mautic.base_url(),
            &Access::default(),
            &CatalogPlan::default(),
        )
        .await?;
        take_over(&mautic.base_url(), &catalog).await?;
        Ok(Self {
            catalog,
            mautic: Mautic(mautic),
            client,
        })
    }

    /// The demo's plan for this stage, as an administrator would write it.
    #[must_use]
    pub fn plan(&self) -> String {
        plan::text(&self.catalog)
    }
}

/// A stand-in and an instance beside it.
#[derive(Debug)]
pub struct Scene {
    /// What there is to visit.
    pub catalog: Catalog,
    /// The daemon's instance.
    pub instance: Instance,
    /// Where it listens.
    pub addresses: Addresses,
    /// Mautic.
    pub mautic: Mautic,
}

/// The stand-in; a type of its own, because it shows nothing of itself in `Debug`.
pub struct Mautic(pub StandIn);

impl std::fmt::Debug for Mautic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Mautic").field(&self.0.base_url()).finish()
    }
}

impl Scene {
    /// Sets the scene and starts the instance's workers in `lifecycle`.
    ///
    /// # Errors
    /// When a port is taken, the folder can't be written, or the stand-in refuses something.
    pub async fn set(options: &SceneOptions, lifecycle: &mut Lifecycle) -> anyhow::Result<Self> {
        let stage = Stage::set(Options {
            seed: options.seed,
            keep_acknowledged: options.keep_acknowledged,
            ..Options::default()
        })
        .await?;
        let mut config = config(&stage, options)?;
        let listeners = Listeners::bind(&config).await?;
        let addresses = listeners.addresses()?;
        config.webhook.public_url = Some(Url::parse(&format!(
            "http://{}/webhook",
            addresses.webhook
        ))?);
        let instance = Instance::open(config, Arc::new(SystemClock))?;
        let source = PlanSource {
            file: "demo plan".into(),
            text: stage.plan(),
        };
        instance.load_plan(&source).await?;
        instance.start(listeners, lifecycle).await?;
        Ok(Self {
            catalog: stage.catalog,
            instance,
            addresses,
            mautic: stage.mautic,
        })
    }
}

/// Mautic's own actions of the topics are switched off: from now on the plan pays.
async fn take_over(base_url: &str, catalog: &Catalog) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    for action in catalog.topics.iter().flat_map(|topic| &topic.actions) {
        let request = http
            .patch(format!("{base_url}/api/points/{action}/edit"))
            .basic_auth(&catalog.access.user, Some(&catalog.access.password))
            .json(&serde_json::json!({"isPublished": false}));
        request.send().await?.error_for_status()?;
    }
    Ok(())
}

fn config(stage: &Stage, options: &SceneOptions) -> anyhow::Result<Config> {
    let free_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let folder = &options.folder;
    Ok(Config {
        mautic: MauticConfig {
            base_url: Url::parse(&format!("{}/", stage.mautic.0.base_url()))?,
            login: Login::ClientCredentials {
                client_id: stage.client.id.clone(),
                client_secret: stage.client.secret.clone().into(),
            },
            timeout: Duration::from_secs(30),
            longest_request: Duration::from_secs(30),
        },
        budget: BudgetConfig {
            requests_per_second: 500.0,
            burst: 500,
            in_flight: 16,
        },
        webhook: WebhookConfig {
            listen: free_port,
            public_url: None,
            register: true,
            republish: true,
            secrets: Vec::new(),
            body_limit: 32 << 20,
            read_timeout: Duration::from_secs(10),
            keep_bodies: Duration::from_hours(24),
        },
        poll: PollConfig {
            interval: Duration::from_secs(1),
            page_size: 500,
            overlap: 50,
        },
        store: StoreConfig {
            path: folder.join("topicscore.db"),
        },
        plan: PlanConfig {
            file: folder.join("plan.toml"),
        },
        write: WriteConfig {
            mode: options.mode,
            sweep: None,
        },
        mail: None,
        webhook_targets: Vec::new(),
        admin: AdminConfig {
            listen: options.admin,
            password: None,
        },
        log: LogConfig {
            level: LogLevel::Warn,
            format: LogFormat::Text,
        },
    })
}
