//! What visitors did.

use anyhow::{Context, Result, anyhow};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE, USER_AGENT};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use super::{Reenactment, SITE, number, text, values};
use crate::php::serialize::serialize;
use crate::php::url::encode;

/// The recorder's browsers by their short names; other names are user agents themselves.
fn user_agent(name: &str) -> &str {
    match name {
        "firefox" => "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "chrome" => {
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36"
        }
        "iphone" => {
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
        }
        "android" => {
            "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36"
        }
        "googlebot" => "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        own => own,
    }
}

impl Reenactment {
    /// Does a visitor's line; whether it was one.
    pub(super) async fn by_visitor(&mut self, line: &Value, did: &str) -> Result<bool> {
        let path = text(line, "path");
        match did {
            "page hit (mtc.js)" => {
                let fields = [
                    ("page_url", self.full_url(line)),
                    ("page_title", "Page".to_owned()),
                ];
                let request = self.client.post(self.url("/mtc/event")).form(&fields);
                self.send(line, request, true).await?;
            }
            "page hit (pixel mtracking.gif)" => {
                let path = format!(
                    "/mtracking.gif?page_url={}&page_title=Page",
                    encode(&self.full_url(line))
                );
                self.visit(line, &path).await?;
            }
            "landing page visited" | "asset downloaded" => self.visit(line, &path).await?,
            "… arrived at Mautic URL" => {
                let location = self
                    .locations
                    .get(&text(line, "who"))
                    .cloned()
                    .unwrap_or_default();
                let arrived = location
                    .strip_prefix(SITE)
                    .filter(|rest| rest.starts_with(&path))
                    .map(str::to_owned);
                self.visit(line, &arrived.unwrap_or(path)).await?;
            }
            "form submitted" => self.submit(line).await?,
            "email link clicked" => self.click(line).await?,
            "email viewed in browser" => {
                let path = format!("/email/view/{}", self.hash(line)?);
                self.visit(line, &path).await?;
            }
            "clicked unsubscribe link" => {
                let path = format!("/email/unsubscribe/{}", self.hash(line).unwrap_or_default());
                self.visit(line, &path).await?;
            }
            _ if did.starts_with("email opened (pixel)") => self.open(line, did).await?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.mautic.base_url())
    }

    fn hash(&self, line: &Value) -> Result<String> {
        let mail = self
            .mails
            .get(&text(line, "stat"))
            .with_context(|| anyhow!("no such email was sent"))?;
        Ok(mail.hash.clone())
    }

    /// The recorder cut long URLs; those with a click-through are where the last click led.
    fn full_url(&self, line: &Value) -> String {
        let url = text(line, "url");
        let Some((start, _)) = url.split_once("ct=") else {
            return url;
        };
        let leads_there = |location: &&String| location.split("ct=").next() == Some(start);
        let own = self.locations.get(&text(line, "who")).filter(leads_there);
        own.or_else(|| self.locations.values().find(leads_there))
            .cloned()
            .unwrap_or(url)
    }

    async fn visit(&mut self, line: &Value, path: &str) -> Result<()> {
        let request = self.client.get(self.url(path));
        self.send(line, request, true).await.map(|_| ())
    }

    /// Sends as the line's visitor; the Location of the answer.
    async fn send(
        &mut self,
        line: &Value,
        request: RequestBuilder,
        with_cookies: bool,
    ) -> Result<Option<String>> {
        let jar = self.jars.entry(text(line, "who")).or_default();
        let agent = line
            .get("open_ua")
            .or_else(|| line.get("ua"))
            .map(crate::php::cast::text)
            .unwrap_or_default();
        let mut request = request.header(USER_AGENT, user_agent(&agent));
        if with_cookies && !jar.is_empty() {
            let cookies: Vec<String> = jar
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(COOKIE, cookies.join("; "));
        }
        let response = request.send().await?;
        if with_cookies {
            for cookie in response.headers().get_all(SET_COOKIE) {
                let pair = cookie.to_str()?.split(';').next().unwrap_or_default();
                if let Some((name, value)) = pair.split_once('=') {
                    jar.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        Ok(response
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned))
    }

    async fn submit(&mut self, line: &Value) -> Result<()> {
        let form = number(line, "form");
        let known = values(&self.setup["forms"])
            .into_iter()
            .find(|known| number(known, "id") == form);
        let mut fields = vec![
            ("mauticform[formId]", form.to_string()),
            (
                "mauticform[formName]",
                known.map(|known| text(known, "alias")).unwrap_or_default(),
            ),
            (
                "mauticform[return]",
                "http://shop.example.test/contact".to_owned(),
            ),
            ("mauticform[messenger]", "1".to_owned()),
            ("mauticform[email]", text(line, "email")),
        ];
        if line.get("first").is_some_and(|first| !first.is_null()) {
            fields.push(("mauticform[first]", text(line, "first")));
        }
        let request = self
            .client
            .post(self.url(&format!("/form/submit?formId={form}")))
            .form(&fields);
        self.send(line, request, true).await.map(|_| ())
    }

    async fn open(&mut self, line: &Value, did: &str) -> Result<()> {
        let request = self
            .client
            .get(self.url(&format!("/email/{}.gif", self.hash(line)?)));
        let mut line = line.clone();
        if let Some((_, agent)) = did.split_once("User-Agent ") {
            line["ua"] = json!(agent);
        }
        let with_cookies = line["cookies_sent"] == true;
        self.send(&line, request, with_cookies).await.map(|_| ())
    }

    async fn click(&mut self, line: &Value) -> Result<()> {
        let path = text(line, "link");
        let recorded = path
            .trim_start_matches("/r/")
            .split('?')
            .next()
            .unwrap_or_default();
        let row = self.redirects.get(recorded).copied().unwrap_or(0);
        let ours = self.mautic.with_state(|state| {
            state
                .web
                .redirects
                .get(row)
                .map(|redirect| redirect.redirect_id.clone())
        });
        let mut path = format!("/r/{}", ours.await.unwrap_or_default());
        if text(line, "location").contains("ct=") {
            let mail = self
                .mails
                .get(&text(line, "stat"))
                .with_context(|| anyhow!("no such email was sent"))?;
            let data = json!({
                "source": ["api", 0], "email": mail.email, "stat": mail.hash, "lead": mail.contact.to_string(),
                "channel": {"email": mail.email},
            });
            path = format!("{path}?ct={}", encode(&STANDARD.encode(serialize(&data))));
        }
        let request = self.client.get(self.url(&path));
        if let Some(location) = self.send(line, request, true).await? {
            self.locations.insert(text(line, "who"), location);
        }
        Ok(())
    }

    pub(super) fn http(&self) -> &Client {
        &self.client
    }
}
