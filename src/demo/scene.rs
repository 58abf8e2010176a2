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
use mautic_fixtures::{Options, StandIn};
use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};
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
}

impl Default for SceneOptions {
    /// The system's folder for temporary files, seed 1, any free port of loopback.
    fn default() -> Self {
        Self {
            folder: std::env::temp_dir(),
            seed: 1,
            admin: ([127, 0, 0, 1], 0).into(),
        }
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
        let mautic = Options {
            seed: options.seed,
            ..Options::default()
        };
        let client = mautic.oauth_client.clone();
        let mautic = StandIn::start(mautic)
            .await
            .context("the Mautic stand-in can't start")?;
        let catalog = set_up(
            &mautic.base_url(),
            &Access::default(),
            &CatalogPlan::default(),
        )
        .await?;
        take_over(&mautic.base_url(), &catalog).await?;
        let login = Login::ClientCredentials {
            client_id: client.id,
            client_secret: client.secret.into(),
        };
        let mut config = config(&mautic.base_url(), login, &options.folder, options.admin)?;
        let listeners = Listeners::bind(&config).await?;
        let addresses = listeners.addresses()?;
        config.webhook.public_url = Some(Url::parse(&format!(
            "http://{}/webhook",
            addresses.webhook
        ))?);
        let instance = Instance::open(config, Arc::new(SystemClock))?;
        let source = PlanSource {
            file: "demo plan".into(),
            text: plan::text(&catalog),
        };
        instance.load_plan(&source).await?;
        instance.start(listeners, lifecycle).await?;
        Ok(Self {
            catalog,
            instance,
            addresses,
            mautic: Mautic(mautic),
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

fn config(
    base_url: &str,
    login: Login,
    folder: &Path,
    admin: SocketAddr,
) -> anyhow::Result<Config> {
    let free_port = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(Config {
        mautic: MauticConfig {
            base_url: Url::parse(&format!("{base_url}/"))?,
            login,
            timeout: Duration::from_secs(30),
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
            mode: WriteMode::Live,
        },
        admin: AdminConfig {
            listen: admin,
            password: None,
        },
        log: LogConfig {
            level: LogLevel::Warn,
            format: LogFormat::Text,
        },
    })
}
