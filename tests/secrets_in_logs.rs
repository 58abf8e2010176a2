//! Neither the client's secret nor the token is in logs or `Debug`, not at the finest level. In a
//! process of its own: what other tests do first decides which places of the code log at all.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

use mautic_fixtures::{Options, StandIn};
use secrecy::ExposeSecret;
use std::sync::{Arc, Mutex};
use topicscore::clock::{Clock, SystemClock};
use topicscore::domain::ContactId;
use topicscore::mautic::budget::{Limits, LocalBudget};
use topicscore::mautic::{
    Client, ContactAnswer, Credentials, MemoryTokens, Parts, Priority, Settings, TokenStore,
};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn secrets_stay_out_of_debug_and_logs() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();
    let options = Options::default();
    let secret = options.oauth_client.secret.clone();
    let credentials = Credentials::ClientCredentials {
        id: options.oauth_client.id.clone(),
        secret: secret.clone().into(),
    };
    let mautic = StandIn::start(options).await.unwrap();
    let settings = Settings::new(mautic.base_url().parse().unwrap(), credentials);
    let limits = Limits {
        per_minute: 6_000,
        burst: 100,
        in_flight: 4,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let tokens = Arc::new(MemoryTokens::default());
    let parts = Parts {
        budget: Arc::new(LocalBudget::new(limits, Arc::clone(&clock))),
        clock,
        tokens: Arc::clone(&tokens) as Arc<dyn TokenStore>,
    };
    let client = Client::new(settings, parts).unwrap();
    let answer = client.contact(ContactId(4711), Priority::Interactive).await;
    assert_eq!(answer.unwrap(), ContactAnswer::Gone);

    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("path=\"/api/contacts/{id}\""), "{log}");
    assert!(
        log.contains("status=404") && log.contains("latency_ms="),
        "{log}"
    );
    let token = tokens.load().await.unwrap().unwrap();
    let shown = format!("{log}{client:?}{tokens:?}");
    for secret in [secret.as_str(), token.secret.expose_secret()] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
