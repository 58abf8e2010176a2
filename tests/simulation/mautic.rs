//! The stand-in, asked by hand: as an administrator, and as a visitor's browser.

use super::clock::Time;
use mautic_fixtures::server::answer::Answer;
use mautic_fixtures::server::request::Request;
use mautic_fixtures::{ClockKind, Options, QueueMode, StandIn};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

/// A browser whose visits Mautic counts (FACTS 60).
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
/// `admin:Mautic-admin-2026`, as Basic authentication sends it.
const ADMIN: &str = "Basic YWRtaW46TWF1dGljLWFkbWluLTIwMjY=";
/// Where Mautic believes to be.
pub(crate) const BASE_URL: &str = "http://mautic.example.test";
/// The secret that deliveries are signed with.
pub(crate) const SECRET: &str = "a secret of the simulation";

/// Cookies by name.
pub(crate) type Jar = BTreeMap<String, String>;

/// The stand-in on the run's time.
pub(crate) struct Mautic {
    /// The stand-in itself.
    pub(crate) standin: StandIn,
    time: Time,
}

/// What one topic has in Mautic.
#[derive(Debug, Clone)]
pub(crate) struct Topic {
    /// Name of group and form.
    pub(crate) name: &'static str,
    /// Its folder in the shop.
    pub(crate) slug: &'static str,
    /// Point group.
    pub(crate) group: u64,
    /// Segment that the plan keeps true.
    pub(crate) segment: u64,
    /// Form.
    pub(crate) form: u64,
    /// Its alias.
    pub(crate) form_alias: String,
    /// Email.
    pub(crate) email: u64,
}

impl Mautic {
    /// A freshly installed Mautic.
    pub(crate) fn new(seed: u64, queue_mode: QueueMode, time: &Time) -> Self {
        let options = Options {
            site_url: Some(BASE_URL.to_owned()),
            queue_mode,
            clock: ClockKind::Manual(time.mautics()),
            seed,
            mailbox: true,
            ..Options::default()
        };
        Self {
            standin: StandIn::detached(options),
            time: time.clone(),
        }
    }

    /// Answers a request of anybody.
    pub(crate) async fn answer(&self, request: &Request) -> Answer {
        self.standin.clock().set(self.time.mautics());
        self.standin.handle(request).await
    }

    /// An API call of the administrator: status and JSON.
    pub(crate) async fn api(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let headers = vec![
            ("authorization".to_owned(), ADMIN.to_owned()),
            ("content-type".to_owned(), "application/json".to_owned()),
        ];
        let body = body.map(|body| body.to_string().into_bytes());
        let path = format!("/api/{path}");
        let answer = self
            .answer(&request(method, &path, headers, body.unwrap_or_default()))
            .await;
        let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, json)
    }

    async fn create(&self, path: &str, key: &str, body: &Value) -> Value {
        let (status, answer) = self.api("POST", path, Some(body)).await;
        assert_eq!(status, 201, "{path}: {answer}");
        answer[key].clone()
    }

    /// A request of a browser with its cookies; keeps those of the answer.
    pub(crate) async fn browse(
        &self,
        jar: &mut Jar,
        path: &str,
        form: Option<&[(&str, &str)]>,
    ) -> (u16, Value) {
        let mut headers = vec![("user-agent".to_owned(), FIREFOX.to_owned())];
        if !jar.is_empty() {
            let cookies = jar.iter().map(|(name, value)| format!("{name}={value}"));
            let cookies: Vec<_> = cookies.collect();
            headers.push(("cookie".to_owned(), cookies.join("; ")));
        }
        let (method, body) = match form {
            None => ("GET", String::new()),
            Some(fields) => {
                headers.push((
                    "content-type".to_owned(),
                    "application/x-www-form-urlencoded".to_owned(),
                ));
                headers.push(("x-requested-with".to_owned(), "XMLHttpRequest".to_owned()));
                let mut body = url::form_urlencoded::Serializer::new(String::new());
                ("POST", body.extend_pairs(fields).finish())
            }
        };
        let answer = self
            .answer(&request(method, path, headers, body.into_bytes()))
            .await;
        for (_, cookie) in answer
            .headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
        {
            keep(jar, cookie);
        }
        let json = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        (answer.status, json)
    }

    /// The value that Mautic holds of a group score; none reads as 0 (FACTS 26).
    pub(crate) async fn score(&self, contact: u64, group: u64) -> i64 {
        let scores = self.standin.group_scores(contact).await;
        scores.get(&group).copied().unwrap_or(0)
    }

    /// How often an email was sent.
    pub(crate) async fn sendings(&self, email: u64) -> i64 {
        let sent = self.standin.with_state(|state| {
            let sent = state.web.email_stats.values();
            sent.filter(|stat| stat.email == Some(email)).count()
        });
        i64::try_from(sent.await).unwrap_or(i64::MAX)
    }

    /// Makes what a topic needs.
    pub(crate) async fn make_topic(&self, name: &'static str, slug: &'static str) -> Topic {
        let group = self
            .create("points/groups/new", "pointGroup", &json!({"name": name}))
            .await;
        let field = |label: &str, alias: &str, kind: &str, mapped: &str| {
            json!({"label": label, "alias": alias, "type": kind, "mappedObject": "contact",
                   "mappedField": mapped})
        };
        let form = self.create("forms/new", "form", &json!({
            "name": name, "formType": "standalone", "isPublished": true, "postAction": "return",
            "fields": [field("Email", "email", "email", "email"),
                       field("First name", "first", "text", "firstname")],
        })).await;
        let email = self.make_email(&format!("{name} news")).await;
        let segment = self.make_segment(&format!("Interested in {name}")).await;
        Topic {
            name,
            slug,
            group: id(&group),
            segment,
            form: id(&form),
            form_alias: form["alias"].as_str().unwrap_or_default().to_owned(),
            email,
        }
    }

    /// Makes an email that is sent to one contact at a time; returns its id.
    pub(crate) async fn make_email(&self, name: &str) -> u64 {
        let email = json!({
            "name": name, "subject": name, "emailType": "template", "isPublished": true,
            "customHtml": format!("<html><body>{name}</body></html>"),
        });
        id(&self.create("emails/new", "email", &email).await)
    }

    /// Makes a segment without filters; returns its id.
    pub(crate) async fn make_segment(&self, name: &str) -> u64 {
        let segment = json!({"name": name, "isPublished": true, "isGlobal": true});
        id(&self.create("segments/new", "list", &segment).await)
    }

    /// Makes a point action of Mautic's own that gives a main point for every hit, and our hook.
    /// Hooks edited lately are not unpublished when deliveries fail (FACTS 9). Returns the action's id.
    pub(crate) async fn make_own_action_and_hook(&self) -> u64 {
        let action = json!({"name": "any hit", "type": "url.hit", "delta": 1, "repeatable": true,
                            "isPublished": true});
        let action = id(&self.create("points/new", "point", &action).await);
        let properties = json!({"type": "url.hit", "properties": {"page_url": "*"}});
        self.api("PATCH", &format!("points/{action}/edit"), Some(&properties))
            .await;
        let triggers: Vec<_> = mautic_fixtures::webhooks::EventType::ALL
            .iter()
            .map(|event| event.name())
            .collect();
        let hook = json!({"name": "topicscore", "webhookUrl": "http://sidecar.example.test/webhook",
                          "secret": SECRET, "triggers": triggers, "isPublished": true});
        let hook = id(&self.create("hooks/new", "hook", &hook).await);
        let edit = json!({"description": "made by topicscore"});
        self.api("PATCH", &format!("hooks/{hook}/edit"), Some(&edit))
            .await;
        action
    }
}

/// A request as the stand-in takes it.
pub(crate) fn request(
    method: &str,
    target: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
) -> Request {
    Request::new(
        method,
        target,
        headers,
        body,
        IpAddr::V4(Ipv4Addr::LOCALHOST),
    )
}

fn id(thing: &Value) -> u64 {
    thing["id"].as_u64().unwrap()
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
