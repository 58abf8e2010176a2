//! `[mautic]`.

use super::given::{Given, Setting};
use super::{Login, MauticConfig};
use crate::diagnostics::Told;
use secrecy::SecretString;
use std::time::Duration;
use url::{Host, Url};

const SECTION: &str = "mautic";
/// PHP's and nginx's own limits are 30 and 60 seconds where nobody changed them, and PHP does not
/// count the time it waits for others (FACTS 8).
const LONGEST_REQUEST: Duration = Duration::from_mins(2);
const URL_HINT: &str = "write the whole address, such as \"https://mautic.example.com\"";

pub(super) fn read(given: &Given<'_, '_>) -> Option<MauticConfig> {
    let setting = given.get(SECTION, "base_url");
    if setting.is_none() {
        given.missing(SECTION, "base_url", "");
    }
    let base_url = setting
        .and_then(|setting| read_url(&setting))
        .map(with_slash);
    let login = read_login(given);
    let timeout = match given.get(SECTION, "timeout") {
        Some(setting) => setting.duration(Duration::from_secs(1)..=Duration::from_mins(9)),
        None => Some(Duration::from_mins(1)),
    };
    let longest_request = read_longest_request(given, timeout);
    Some(MauticConfig {
        base_url: base_url?,
        login: login?,
        timeout: timeout?,
        longest_request: longest_request?,
    })
}

/// How long Mautic may go on with a request; a lease lasts longer (10 minutes).
fn read_longest_request(given: &Given<'_, '_>, timeout: Option<Duration>) -> Option<Duration> {
    let Some(setting) = given.get(SECTION, "longest_request") else {
        return Some(timeout?.max(LONGEST_REQUEST));
    };
    let longest = setting.duration(Duration::from_secs(1)..=Duration::from_mins(9))?;
    if timeout.is_some_and(|timeout| longest < timeout) {
        let message = "Mautic may work on a request for at least as long as we wait for its answer";
        setting.error(message, "make it at least as long as `timeout`");
        return None;
    }
    Some(longest)
}

/// An http or https address without user, query and fragment. A password in it is not shown.
pub(super) fn read_url(setting: &Setting<'_, '_, '_>) -> Option<Url> {
    let url = read_address(setting)?;
    if url.query().is_some() || url.fragment().is_some() {
        setting.error("the address holds a `?` or `#`", URL_HINT);
        return None;
    }
    Some(url)
}

/// An http or https address without user. A password in it is not shown.
pub(super) fn read_address(setting: &Setting<'_, '_, '_>) -> Option<Url> {
    let text = setting.text(URL_HINT)?;
    let Ok(url) = Url::parse(text) else {
        setting.error("this is no address", URL_HINT);
        return None;
    };
    let wrong = if !["http", "https"].contains(&url.scheme()) {
        Some("the address does not begin with https:// or http://")
    } else if !url.username().is_empty() || url.password().is_some() {
        Some("the address holds a user name or password")
    } else {
        None
    };
    if let Some(wrong) = wrong {
        setting.error(wrong, URL_HINT);
        return None;
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        let message = "the address is not encrypted: everybody on the way can read what is sent";
        setting.warn(message, "use https://");
    }
    Some(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn with_slash(mut url: Url) -> Url {
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    url
}

fn read_login(given: &Given<'_, '_>) -> Option<Login> {
    let client_id = read_name(given, "client_id");
    let username = read_name(given, "username");
    let client_secret = given.secret(SECTION, "client_secret", "client_secret_file");
    let password = given.secret(SECTION, "password", "password_file");
    // Only now, so that all four are checked.
    let (client_id, username) = (client_id.ok()?, username.ok()?);
    let (client_secret, password) = (client_secret.ok()?, password.ok()?);
    let oauth = client_id.is_some() || client_secret.is_some();
    let basic = username.is_some() || password.is_some();
    match (oauth, basic) {
        (true, false) => {
            let (client_id, client_secret) = both(
                given,
                ("client_id", client_id),
                ("client_secret", client_secret),
            )?;
            Some(Login::ClientCredentials {
                client_id,
                client_secret,
            })
        }
        (false, true) => {
            let (username, password) = both(given, ("username", username), ("password", password))?;
            Some(Login::Basic { username, password })
        }
        (true, true) => {
            let setting = given
                .get(SECTION, "username")
                .or(given.get(SECTION, "password"));
            let setting = setting.or(given.get(SECTION, "password_file"))?;
            let message = "two logins are given: client_id/client_secret and username/password";
            setting.error(
                message,
                "keep client_id and client_secret, they cost Mautic less",
            );
            None
        }
        (false, false) => {
            given.missing(
                SECTION,
                "client_id",
                " (and client_secret): topicscore must log in",
            );
            None
        }
    }
}

/// A name in plain text, if it was given.
fn read_name(given: &Given<'_, '_>, key: &'static str) -> Result<Option<String>, Told> {
    let Some(setting) = given.get(SECTION, key) else {
        return Ok(None);
    };
    let name = setting.text("write it in quotes").ok_or(Told)?;
    Ok(Some(name.to_owned()))
}

fn both(
    given: &Given<'_, '_>,
    (name_key, name): (&'static str, Option<String>),
    (secret_key, secret): (&'static str, Option<SecretString>),
) -> Option<(String, SecretString)> {
    if name.is_none() {
        given.missing(SECTION, name_key, &format!(", it goes with {secret_key}"));
    }
    if secret.is_none() {
        let why = format!(" (or {secret_key}_file), it goes with {name_key}");
        given.missing(SECTION, secret_key, &why);
    }
    Some((name?, secret?))
}
