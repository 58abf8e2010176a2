//! The admin interface from outside: requests and answers.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod adjust;
mod answers;
mod document;
mod fake;
mod pages;
mod safety;
mod schema;
mod stored;
mod world;

use super::{AdminState, Mode, router};
use crate::clock::{Clock, ManualClock};
use crate::domain::ContactId;
use crate::health::{Health, Reporter, Weight};
use crate::metrics::{self, Metrics};
use crate::store::SharedStore;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use fake::FakeStore;
use jiff::SignedDuration;
use std::sync::Arc;
use tokio::sync::watch;
use tower::util::ServiceExt;

/// An admin interface with what it stands on.
struct Site {
    router: Router,
    clock: ManualClock,
    /// The store in memory; empty where another one is asked.
    store: Arc<FakeStore>,
    scorer: Reporter,
    hook: Reporter,
    metrics: Metrics,
    plan: watch::Sender<Option<Arc<crate::plan::Compiled>>>,
}

/// An answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Answer {
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
    fn header(&self, name: header::HeaderName) -> &str {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap())
    }
}

impl Site {
    fn new() -> Self {
        Self::with(world::store(), None, Mode::Observe)
    }

    fn with(store: FakeStore, password: Option<&str>, mode: Mode) -> Self {
        let store = Arc::new(store);
        let mut site = Self::on(store.clone(), password, mode);
        site.store = store;
        site
    }

    fn on(store: SharedStore, password: Option<&str>, mode: Mode) -> Self {
        let clock = ManualClock::new(world::now());
        let registered = metrics::register("0.0.0", "shop");
        let health = Health::new();
        let silence = Some(SignedDuration::from_mins(1));
        let started = world::at("2026-11-20T08:00:00Z");
        let scorer = health.component("scorer", Weight::Required, silence, started);
        let hook = health.component("hook", Weight::Informative, None, started);
        scorer.ok("idle", clock.now());
        hook.degraded("unpublished by Mautic, published again", clock.now());
        registered.metrics.writeback.allowed(5.0);
        let (plan, receiver) = watch::channel(Some(Arc::new(world::plan())));
        let state = AdminState {
            store,
            clock: Arc::new(clock.clone()),
            plan: receiver,
            health,
            metrics: registered.metrics.clone(),
            registry: registered.registry,
            instance: "shop".to_owned(),
            mode,
            password: password.map(Into::into),
            started_at: started,
        };
        Self {
            router: router(state),
            clock,
            store: Arc::default(),
            scorer,
            hook,
            metrics: registered.metrics,
            plan,
        }
    }

    async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn get(&self, path: &str) -> Answer {
        self.send(get(path).body(Body::empty()).unwrap()).await
    }
}

/// A GET from this machine.
fn get(path: &str) -> axum::http::request::Builder {
    Request::get(path).header(header::HOST, "127.0.0.1:8089")
}

/// A form sent from this machine.
fn post(path: &str, cookie: &str, form: &[(&str, &str)]) -> Request<Body> {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(form)
        .finish();
    Request::post(path)
        .header(header::HOST, "127.0.0.1:8089")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::COOKIE, cookie)
        .body(Body::from(form))
        .unwrap()
}
