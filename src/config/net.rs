//! The two listeners: `[webhook]` and `[admin]`.

use super::given::Given;
use super::mautic::read_url;
use super::{AdminConfig, WebhookConfig};
use secrecy::{ExposeSecret, SecretString};
use std::{net::SocketAddr, time::Duration};
use url::Url;

const DAY: Duration = Duration::from_hours(24);

pub(super) fn webhook(given: &Given<'_, '_>) -> Option<WebhookConfig> {
    const SECTION: &str = "webhook";
    let listen = listen(given, SECTION, 8750);
    let public_url = match given.get(SECTION, "public_url") {
        Some(setting) => read_url(&setting).map(Some),
        None => Some(None),
    };
    let register = read_register(given, public_url.as_ref());
    let republish = match given.get(SECTION, "republish") {
        Some(setting) => setting.boolean(),
        None => Some(true),
    };
    let secrets = read_secrets(given);
    let body_limit = match given.get(SECTION, "body_limit") {
        Some(setting) => setting.size(1024..=1 << 30),
        None => Some(32 << 20),
    };
    let read_timeout = match given.get(SECTION, "read_timeout") {
        Some(setting) => setting.duration(Duration::from_secs(1)..=Duration::from_mins(5)),
        None => Some(Duration::from_secs(10)),
    };
    let keep_bodies = match given.get(SECTION, "keep_bodies") {
        Some(setting) => setting.duration(Duration::ZERO..=DAY * 3650),
        None => Some(DAY * 30),
    };
    Some(WebhookConfig {
        listen: listen?,
        public_url: public_url?,
        register: register?,
        republish: republish?,
        secrets: secrets?,
        body_limit: usize::try_from(body_limit?).ok()?,
        read_timeout: read_timeout?,
        keep_bodies: keep_bodies?,
    })
}

/// Registration needs to know where Mautic can reach the receiver.
fn read_register(given: &Given<'_, '_>, public_url: Option<&Option<Url>>) -> Option<bool> {
    let Some(setting) = given.get("webhook", "register") else {
        return Some(public_url.is_none_or(Option::is_some));
    };
    let register = setting.boolean()?;
    if register && public_url.is_some_and(Option::is_none) {
        let message = "a hook cannot be registered without `public_url`";
        setting.error(
            message,
            "set public_url to the address at which Mautic reaches /webhook",
        );
        return None;
    }
    Some(register)
}

fn read_secrets(given: &Given<'_, '_>) -> Option<Vec<SecretString>> {
    let current = given.secret("webhook", "secret", "secret_file");
    let previous = given.secret("webhook", "previous_secret", "previous_secret_file");
    let (current, previous) = (current.ok()?, previous.ok()?);
    if current.is_none() && previous.is_some() {
        given.missing("webhook", "secret", ", it goes with previous_secret");
        return None;
    }
    if let Some(secret) = &current
        && secret.expose_secret().len() < 16
        && let Some(setting) = given
            .get("webhook", "secret")
            .or(given.get("webhook", "secret_file"))
    {
        setting.warn(
            "the secret is short and could be guessed",
            "use 32 random characters",
        );
    }
    Some(current.into_iter().chain(previous).collect())
}

pub(super) fn admin(given: &Given<'_, '_>, webhook: Option<&WebhookConfig>) -> Option<AdminConfig> {
    const SECTION: &str = "admin";
    let listen = listen(given, SECTION, 8751);
    let password = given.secret(SECTION, "password", "password_file");
    let (listen, password) = (listen?, password.ok()?);
    let setting = given.get(SECTION, "listen");
    if let Some(setting) = &setting
        && !listen.ip().is_loopback()
        && password.is_none()
    {
        let message = format!("the admin interface would be open to everybody at {listen}");
        setting.error(message, "set admin.password_file, or listen on 127.0.0.1");
        return None;
    }
    if webhook.is_some_and(|webhook| webhook.listen == listen && listen.port() != 0) {
        let message = format!("webhook and admin both listen on {listen}");
        match setting.or(given.get("webhook", "listen")) {
            Some(setting) => setting.error(message, "give each a port of its own"),
            None => given.missing(SECTION, "listen", ", and webhook.listen is its default"),
        }
        return None;
    }
    Some(AdminConfig { listen, password })
}

/// Loopback by default: a reverse proxy stands in front.
fn listen(given: &Given<'_, '_>, section: &'static str, port: u16) -> Option<SocketAddr> {
    const HINT: &str = "write an IP address and a port, such as \"127.0.0.1:8750\"";
    match given.get(section, "listen") {
        Some(setting) => setting.parsed("address to listen on", HINT, |text| {
            text.trim().parse().ok()
        }),
        None => Some(SocketAddr::from(([127, 0, 0, 1], port))),
    }
}
