//! A browser as Mautic sees it: a user agent and a jar of cookies.

use std::collections::BTreeMap;

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;

use super::api::ApiError;
use super::script::Device;

/// The cookie in which Mautic tells scripts the contact's id.
const CONTACT_COOKIE: &str = "mtc_id";

/// Cookies by name.
pub(super) type Jar = BTreeMap<String, String>;

/// What a browser got back.
#[derive(Debug)]
pub(super) struct Page {
    /// Status.
    pub(super) status: u16,
    /// Where a redirect leads.
    pub(super) location: Option<String>,
    /// The body, if it is JSON.
    pub(super) json: Option<Value>,
}

/// The client all browsers share: it follows no redirects and keeps no cookies by itself.
pub(super) fn client() -> Client {
    Client::builder()
        .redirect(Policy::none())
        .build()
        .unwrap_or_default()
}

/// The user agent of a device.
fn user_agent(device: Device) -> &'static str {
    match device {
        Device::Desktop => "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        Device::Phone => {
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
        }
        Device::MailProgram => {
            "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Thunderbird/128.0"
        }
        Device::MailScanner => {
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
        }
    }
}

/// Sends a request with the jar's cookies and keeps those of the answer.
pub(super) async fn send(
    request: RequestBuilder,
    device: Device,
    jar: &mut Jar,
    path: &str,
) -> Result<Page, ApiError> {
    let transport = |source| ApiError::Transport {
        path: path.to_owned(),
        source,
    };
    let mut request = request.header(USER_AGENT, user_agent(device));
    let has_jar = matches!(device, Device::Desktop | Device::Phone);
    if has_jar && !jar.is_empty() {
        let cookies: Vec<String> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        request = request.header(COOKIE, cookies.join("; "));
    }
    let response = request.send().await.map_err(transport)?;
    if has_jar {
        for cookie in response.headers().get_all(SET_COOKIE) {
            keep(jar, cookie.to_str().unwrap_or_default());
        }
    }
    let status = response.status().as_u16();
    let location = response
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let body = response.bytes().await.map_err(transport)?;
    Ok(Page {
        status,
        location,
        json: serde_json::from_slice(&body).ok(),
    })
}

fn keep(jar: &mut Jar, cookie: &str) {
    let pair = cookie.split(';').next().unwrap_or_default();
    let Some((name, value)) = pair.split_once('=') else {
        return;
    };
    if value.is_empty() || value == "deleted" {
        jar.remove(name);
    } else {
        jar.insert(name.to_owned(), value.to_owned());
    }
}

/// The contact the jar's cookies stand for.
pub(super) fn contact(jar: &Jar) -> Option<u64> {
    jar.get(CONTACT_COOKIE)?.parse().ok()
}

/// A GET of this client.
pub(super) fn get(client: &Client, url: &str) -> RequestBuilder {
    client.request(Method::GET, url)
}
