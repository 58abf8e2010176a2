//! Playing a script against a Mautic.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::api::{Api, ApiError};
use super::browser::{self, Jar, Page};
use super::catalog::{Catalog, Topic};
use super::script::{Action, Device, Script, Step};
use crate::php::serialize::serialize;
use crate::php::url::encode;
use crate::state::clock::Clock;

/// How fast a script is played.
#[derive(Clone, Debug)]
pub enum Pace {
    /// One step after the other.
    Full,
    /// In script time divided by this factor: 1 is real time, 3600 makes an hour a second.
    Times(f64),
    /// One step after the other, a stand-in's manual clock being set to each step's time after this start.
    Stepped(Clock, Timestamp),
}

/// What a visitor did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActivityKind {
    /// A page hit by script or pixel; the object is 0.
    PageHit,
    /// A hit of a landing page; the object is its id.
    LandingPageHit,
    /// A download; the object is the asset's id.
    AssetDownload,
    /// A submitted form; the object is its id.
    FormSubmit,
    /// An email sent by the API; the object is its id.
    EmailSend,
    /// A load of an email's pixel; the object is the email's id.
    EmailOpen,
    /// A click on a link; the object is the email's id, the URL the link's target.
    EmailClick,
}

/// One activity as it was played.
#[derive(Clone, Debug)]
pub struct Activity {
    /// Position of its step in the script.
    pub step: usize,
    /// Who, counted from 0.
    pub visitor: usize,
    /// Where.
    pub device: Device,
    /// What.
    pub kind: ActivityKind,
    /// Id of the object, see [`ActivityKind`].
    pub object: u64,
    /// The URL that was looked at, if it is a page.
    pub url: Option<String>,
    /// Status of Mautic's answer.
    pub status: u16,
    /// The contact Mautic took the visitor for, as far as cookies and answers tell.
    pub contact: Option<u64>,
}

/// What came of a script.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Activities in the order they were played; steps that were impossible (an email to somebody who never said who
    /// he is) are missing.
    pub activities: Vec<Activity>,
}

/// An email somebody got.
struct Mail {
    topic: usize,
    contact: u64,
    hash: String,
}

/// The state of a playing.
struct Player<'a> {
    client: Client,
    base_url: &'a str,
    catalog: &'a Catalog,
    jars: BTreeMap<(usize, Device), Jar>,
    known: BTreeMap<usize, u64>,
    mails: BTreeMap<usize, Vec<Option<Mail>>>,
    redirects: BTreeMap<String, String>,
    played: Played,
}

/// Plays a script; `progress` is told how many of how many steps are done.
///
/// # Errors
/// When Mautic does not answer or refuses an API call.
pub async fn play(
    script: &Script,
    base_url: &str,
    catalog: &Catalog,
    pace: Pace,
    mut progress: impl FnMut(usize, usize),
) -> Result<Played, ApiError> {
    let mut player = Player {
        client: browser::client(),
        base_url: base_url.trim_end_matches('/'),
        catalog,
        jars: BTreeMap::new(),
        known: BTreeMap::new(),
        mails: BTreeMap::new(),
        redirects: BTreeMap::new(),
        played: Played::default(),
    };
    let mut before = Duration::ZERO;
    for (position, step) in script.steps.iter().enumerate() {
        wait(&pace, step.at.saturating_sub(before), step.at).await;
        before = step.at;
        player.step(position, step).await?;
        progress(position + 1, script.steps.len());
    }
    Ok(player.played)
}

async fn wait(pace: &Pace, pause: Duration, at: Duration) {
    match pace {
        Pace::Times(factor) if *factor > 0.0 => tokio::time::sleep(pause.div_f64(*factor)).await,
        Pace::Full | Pace::Times(_) => {}
        Pace::Stepped(clock, start) => {
            if let Ok(now) = start.checked_add(at) {
                clock.set(now);
            }
        }
    }
}

impl Player<'_> {
    async fn step(&mut self, position: usize, step: &Step) -> Result<(), ApiError> {
        let done = match &step.action {
            Action::ViewPage { topic, path } => self.view(step, *topic, path, true).await?,
            Action::LoadPixel { topic, path } => self.view(step, *topic, path, false).await?,
            Action::ViewLandingPage { topic } => self.landing_page(step, *topic).await?,
            Action::Download { topic } => self.download(step, *topic).await?,
            Action::SubmitForm {
                topic,
                first_name,
                email,
            } => self.submit(step, *topic, first_name, email).await?,
            Action::ReceiveEmail { topic } => self.receive(step, *topic).await?,
            Action::OpenEmail { mail } => self.open(step, *mail).await?,
            Action::ClickEmail { mail, link } => self.click(step, *mail, *link).await?,
        };
        for mut activity in done {
            activity.step = position;
            self.played.activities.push(activity);
        }
        Ok(())
    }

    fn topic(&self, position: usize) -> Option<Topic> {
        self.catalog.topic(position).cloned()
    }

    async fn browse(&mut self, step: &Step, path: &str) -> Result<Page, ApiError> {
        let jar = self.jars.entry((step.visitor, step.device)).or_default();
        let request = browser::get(&self.client, &format!("{}{path}", self.base_url));
        browser::send(request, step.device, jar, path).await
    }

    fn activity(
        &self,
        step: &Step,
        kind: ActivityKind,
        object: u64,
        url: Option<String>,
        status: u16,
    ) -> Activity {
        let contact = self
            .jars
            .get(&(step.visitor, step.device))
            .and_then(browser::contact);
        Activity {
            step: 0,
            visitor: step.visitor,
            device: step.device,
            kind,
            object,
            url,
            status,
            contact,
        }
    }

    async fn view(
        &mut self,
        step: &Step,
        topic: usize,
        path: &str,
        by_script: bool,
    ) -> Result<Vec<Activity>, ApiError> {
        let Some(topic) = self.topic(topic) else {
            return Ok(Vec::new());
        };
        let url = format!("{}/{}/{path}", self.catalog.shop_url, topic.slug);
        let page = if by_script {
            self.script_hit(step, &url).await?
        } else {
            self.pixel_hit(step, &url).await?
        };
        let mut activity = self.activity(step, ActivityKind::PageHit, 0, Some(url), page.status);
        let told = page
            .json
            .as_ref()
            .and_then(|answer| answer.get("id"))
            .and_then(Value::as_u64);
        activity.contact = told.filter(|id| *id > 0).or(activity.contact);
        Ok(vec![activity])
    }

    async fn script_hit(&mut self, step: &Step, url: &str) -> Result<Page, ApiError> {
        let path = "/mtc/event";
        let jar = self.jars.entry((step.visitor, step.device)).or_default();
        let request = self
            .client
            .post(format!("{}{path}", self.base_url))
            .form(&[("page_url", url), ("page_title", "Shop")]);
        browser::send(
            request.header("x-requested-with", "XMLHttpRequest"),
            step.device,
            jar,
            path,
        )
        .await
    }

    async fn pixel_hit(&mut self, step: &Step, url: &str) -> Result<Page, ApiError> {
        let path = format!("/mtracking.gif?page_url={}&page_title=Shop", encode(url));
        self.browse(step, &path).await
    }

    async fn landing_page(&mut self, step: &Step, topic: usize) -> Result<Vec<Activity>, ApiError> {
        let Some(topic) = self.topic(topic) else {
            return Ok(Vec::new());
        };
        let path = format!("/{}", topic.page_alias);
        let page = self.browse(step, &path).await?;
        let url = format!("{}{path}", self.base_url);
        Ok(vec![self.activity(
            step,
            ActivityKind::LandingPageHit,
            topic.page,
            Some(url),
            page.status,
        )])
    }

    async fn download(&mut self, step: &Step, topic: usize) -> Result<Vec<Activity>, ApiError> {
        let Some(topic) = self.topic(topic) else {
            return Ok(Vec::new());
        };
        let page = self.browse(step, &topic.asset_path).await?;
        Ok(vec![self.activity(
            step,
            ActivityKind::AssetDownload,
            topic.asset,
            None,
            page.status,
        )])
    }

    async fn submit(
        &mut self,
        step: &Step,
        topic: usize,
        first: &str,
        email: &str,
    ) -> Result<Vec<Activity>, ApiError> {
        let Some(topic) = self.topic(topic) else {
            return Ok(Vec::new());
        };
        let path = format!("/form/submit?formId={}", topic.form);
        let form = topic.form.to_string();
        let back = format!("{}/{}/contact", self.catalog.shop_url, topic.slug);
        let fields = [
            ("mauticform[formId]", form.as_str()),
            ("mauticform[formName]", topic.form_alias.as_str()),
            ("mauticform[return]", back.as_str()),
            ("mauticform[messenger]", "1"),
            ("mauticform[email]", email),
            ("mauticform[first]", first),
        ];
        let jar = self.jars.entry((step.visitor, step.device)).or_default();
        let request = self
            .client
            .post(format!("{}{path}", self.base_url))
            .form(&fields);
        let page = browser::send(request, step.device, jar, &path).await?;
        let activity = self.activity(
            step,
            ActivityKind::FormSubmit,
            topic.form,
            None,
            page.status,
        );
        if let Some(contact) = activity.contact {
            self.known.insert(step.visitor, contact);
        }
        Ok(vec![activity])
    }

    /// Has Mautic send the email and looks up its tracking hash.
    async fn receive(&mut self, step: &Step, position: usize) -> Result<Vec<Activity>, ApiError> {
        let (Some(topic), Some(contact)) =
            (self.topic(position), self.known.get(&step.visitor).copied())
        else {
            self.mails.entry(step.visitor).or_default().push(None);
            return Ok(Vec::new());
        };
        let api = Api {
            client: self.client.clone(),
            base_url: self.base_url,
            access: &self.catalog.access,
        };
        api.call(
            Method::POST,
            &format!("emails/{}/contact/{contact}/send", topic.email),
            None,
        )
        .await?;
        let newest = format!(
            "email_stats?where[0][col]=lead_id&where[0][expr]=eq&where[0][val]={contact}&order[0][col]=id&order[0][dir]=desc&limit=1"
        );
        let row = api.first_stat(&newest).await?;
        let hash = row
            .as_ref()
            .and_then(|row| row.get("tracking_hash"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        let mail = hash.map(|hash| Mail {
            topic: position,
            contact,
            hash,
        });
        self.mails.entry(step.visitor).or_default().push(mail);
        let mut activity = self.activity(step, ActivityKind::EmailSend, topic.email, None, 200);
        activity.contact = Some(contact);
        Ok(vec![activity])
    }

    fn mail(&self, visitor: usize, position: usize) -> Option<&Mail> {
        self.mails.get(&visitor)?.get(position)?.as_ref()
    }

    async fn open(&mut self, step: &Step, mail: usize) -> Result<Vec<Activity>, ApiError> {
        let Some((topic, contact, hash)) = self
            .mail(step.visitor, mail)
            .map(|mail| (mail.topic, mail.contact, mail.hash.clone()))
        else {
            return Ok(Vec::new());
        };
        let page = self.browse(step, &format!("/email/{hash}.gif")).await?;
        let email = self.topic(topic).map_or(0, |topic| topic.email);
        let mut activity = self.activity(step, ActivityKind::EmailOpen, email, None, page.status);
        activity.contact = Some(contact);
        Ok(vec![activity])
    }

    /// Clicks a link and looks at the page behind it, as a browser does.
    async fn click(
        &mut self,
        step: &Step,
        mail: usize,
        link: usize,
    ) -> Result<Vec<Activity>, ApiError> {
        let Some((topic, hash, contact)) = self
            .mail(step.visitor, mail)
            .map(|mail| (mail.topic, mail.hash.clone(), mail.contact))
        else {
            return Ok(Vec::new());
        };
        let Some(topic) = self.topic(topic) else {
            return Ok(Vec::new());
        };
        let Some(target) = topic.links.get(link % topic.links.len().max(1)).cloned() else {
            return Ok(Vec::new());
        };
        let Some(redirect) = self.redirect(&target).await? else {
            return Ok(Vec::new());
        };
        let data = json!({
            "source": ["api", 0], "email": topic.email, "stat": hash, "lead": contact.to_string(),
            "channel": {"email": topic.email},
        });
        let ct = encode(&STANDARD.encode(serialize(&data)));
        let page = self.browse(step, &format!("/r/{redirect}?ct={ct}")).await?;
        let activity = self.activity(
            step,
            ActivityKind::EmailClick,
            topic.email,
            Some(target),
            page.status,
        );
        if let Some(contact) = activity.contact {
            self.known.insert(step.visitor, contact);
        }
        let mut done = vec![activity];
        if let Some(landed) = page.location.filter(|_| page.status == 302) {
            let seen = self.script_hit(step, &landed).await?;
            done.push(self.activity(step, ActivityKind::PageHit, 0, Some(landed), seen.status));
        }
        Ok(done)
    }

    /// The id of a link's redirect.
    async fn redirect(&mut self, target: &str) -> Result<Option<String>, ApiError> {
        if let Some(known) = self.redirects.get(target) {
            return Ok(Some(known.clone()));
        }
        let api = Api {
            client: self.client.clone(),
            base_url: self.base_url,
            access: &self.catalog.access,
        };
        let query = format!(
            "page_redirects?where[0][col]=url&where[0][expr]=eq&where[0][val]={}",
            encode(target)
        );
        let row = api.first_stat(&query).await?;
        let id = row
            .as_ref()
            .and_then(|row| row.get("redirect_id"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        if let Some(id) = &id {
            self.redirects.insert(target.to_owned(), id.clone());
        }
        Ok(id)
    }
}
