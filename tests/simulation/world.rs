//! People: visitors with their browsers, and an administrator. Everything they do is told to the
//! oracle.

use super::clock::Time;
use super::diary::Diary;
use super::dice::Dice;
use super::mautic::{Jar, Mautic, Topic};
use super::oracle::{Doing, Oracle};
use jiff::SignedDuration;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where the shop is.
const SHOP: &str = "http://shop.example.test";

/// A browser of a person; a person may have several.
#[derive(Debug, Clone, Default)]
struct Browser {
    person: usize,
    jar: Jar,
    contact: Option<u64>,
}

/// An email somebody got.
#[derive(Debug, Clone)]
struct Mail {
    topic: usize,
    contact: u64,
    hash: String,
    opened: bool,
}

/// What of people hangs together with what Mautic knows.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    browsers: Vec<Browser>,
    mails: Vec<Mail>,
}

/// Everybody and everything outside of topicscore.
pub(crate) struct World {
    mautic: Arc<Mautic>,
    topics: Vec<Topic>,
    oracle: Arc<Mutex<Oracle>>,
    dice: Dice,
    time: Time,
    diary: Arc<Diary>,
    persons: usize,
    browsers: Vec<Browser>,
    mails: Vec<Mail>,
}

impl World {
    /// So many persons who never heard of the shop.
    pub(crate) fn new(
        mautic: &Arc<Mautic>,
        topics: &[Topic],
        oracle: &Arc<Mutex<Oracle>>,
        dice: Dice,
        time: &Time,
        diary: &Arc<Diary>,
    ) -> Self {
        let persons = 2 + dice.below(4);
        Self {
            mautic: Arc::clone(mautic),
            topics: topics.to_vec(),
            oracle: Arc::clone(oracle),
            dice,
            time: time.clone(),
            diary: Arc::clone(diary),
            persons,
            browsers: Vec::new(),
            mails: Vec::new(),
        }
    }

    /// Somebody does something.
    pub(crate) async fn act(&mut self) {
        // Nobody does two things in one second, which is as exact as Mautic keeps time.
        self.time
            .step(SignedDuration::from_secs(self.dice.between(1, 20)));
        match self.dice.weighted(&[40, 18, 8, 10, 3, 6, 4, 3, 4, 3]) {
            0 => self.hit().await,
            1 => self.submit().await,
            2 => self.send_mail().await,
            3 => self.open_mail().await,
            4 => self.delete().await,
            5 => self.edit_score().await,
            6 => self.edit_segment().await,
            7 => self.edit_contact().await,
            8 => self.look_for_jobs().await,
            _ => self.give_main_points().await,
        }
        self.notice_merges().await;
    }

    /// This browser does this; the first time it is a new one, of a person of its own.
    pub(crate) async fn does(&mut self, browser: usize, doing: Doing) {
        self.time.step(SignedDuration::from_secs(2));
        while self.browsers.len() <= browser {
            self.new_browser(self.browsers.len());
        }
        match doing {
            Doing::Hit(topic) => {
                let url = format!("{SHOP}/{}/1", self.topics[topic].slug);
                self.visit(browser, &url, doing).await;
            }
            Doing::Form(topic) => self.submit_with(browser, topic).await,
            Doing::Jobs => self.visit(browser, &format!("{SHOP}/jobs"), doing).await,
            Doing::Open(_) | Doing::Given(..) | Doing::GivenMain(_) | Doing::ByHand(..) => {}
        }
        self.notice_merges().await;
    }

    /// Somebody edits a score of this contact by hand.
    pub(crate) async fn rival(&mut self, contact: u64) {
        self.time.step(SignedDuration::from_secs(1));
        let topic = self.dice.below(self.topics.len());
        let who = self.oracle().who(contact);
        self.edit_score_of(who, topic).await;
    }

    /// The contact is merged into another one, if anybody knows its address.
    pub(crate) async fn merge(&mut self, contact: u64) -> bool {
        let person = self
            .browsers
            .iter()
            .find(|browser| browser.contact == Some(contact))
            .map(|browser| browser.person);
        let known = self.oracle().is_known(contact);
        let Some(person) = person.filter(|_| known) else {
            return false;
        };
        self.time.step(SignedDuration::from_secs(1));
        let browser = self.new_browser(person);
        let topic = self.dice.below(self.topics.len());
        self.submit_with(browser, topic).await;
        self.notice_merges().await;
        true
    }

    /// The administrator deletes the contact.
    pub(crate) async fn delete_contact(&mut self, contact: u64) {
        self.time.step(SignedDuration::from_secs(1));
        let path = format!("contacts/{contact}/delete");
        let (status, _) = self.mautic.api("DELETE", &path, None).await;
        self.diary
            .note(format!("contact {contact} is deleted: {status}"));
        if status == 200 {
            self.diary.count("world", "deletes");
            self.oracle().deleted(contact);
            for browser in &mut self.browsers {
                if browser.contact == Some(contact) {
                    // A browser whose contact is gone begins anew.
                    *browser = Browser {
                        person: browser.person,
                        ..Browser::default()
                    };
                }
            }
        }
    }

    /// To be remembered with a backup of Mautic.
    pub(crate) fn memory(&self) -> Memory {
        Memory {
            browsers: self.browsers.clone(),
            mails: self.mails.clone(),
        }
    }

    /// Mautic was restored: browsers and mails that it does not know are gone for good.
    pub(crate) fn go_back(&mut self, to: Memory) {
        (self.browsers, self.mails) = (to.browsers, to.mails);
    }

    /// Mautic's contacts.
    pub(crate) async fn contacts(&self) -> Vec<u64> {
        self.mautic.standin.contacts().await
    }

    fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn new_browser(&mut self, person: usize) -> usize {
        self.browsers.push(Browser {
            person,
            ..Browser::default()
        });
        self.browsers.len() - 1
    }

    fn some_browser(&mut self) -> usize {
        if self.browsers.is_empty() || self.dice.percent(12) {
            let person = self.dice.below(self.persons);
            return self.new_browser(person);
        }
        self.dice.below(self.browsers.len())
    }

    async fn some_contact(&mut self) -> Option<u64> {
        let contacts = self.contacts().await;
        (!contacts.is_empty()).then(|| contacts[self.dice.below(contacts.len())])
    }

    async fn hit(&mut self) {
        let (browser, topic) = (self.some_browser(), self.dice.below(self.topics.len()));
        let page = self.dice.below(100);
        let url = format!("{SHOP}/{}/{page}", self.topics[topic].slug);
        self.visit(browser, &url, Doing::Hit(topic)).await;
    }

    async fn look_for_jobs(&mut self) {
        let browser = self.some_browser();
        self.visit(browser, &format!("{SHOP}/jobs"), Doing::Jobs)
            .await;
    }

    async fn visit(&mut self, browser: usize, url: &str, doing: Doing) {
        let fields = [("page_url", url), ("page_title", "Shop")];
        let jar = &mut self.browsers[browser].jar;
        let (status, answer) = self.mautic.browse(jar, "/mtc/event", Some(&fields)).await;
        let contact = answer["id"].as_u64().filter(|id| *id > 0);
        self.diary.note(format!(
            "browser {browser} as contact {contact:?} looks at {url}: {status}"
        ));
        self.diary.count("world", "hits");
        if let Some(contact) = contact {
            self.browsers[browser].contact = Some(contact);
            self.oracle().did(contact, doing);
        }
    }

    async fn submit(&mut self) {
        let (browser, topic) = (self.some_browser(), self.dice.below(self.topics.len()));
        self.submit_with(browser, topic).await;
    }

    async fn submit_with(&mut self, browser: usize, topic: usize) {
        let to = &self.topics[topic];
        let (form, alias) = (to.form.to_string(), to.form_alias.clone());
        let email = format!("person{}@example.test", self.browsers[browser].person);
        let fields = [
            ("mauticform[formId]", form.as_str()),
            ("mauticform[formName]", alias.as_str()),
            ("mauticform[return]", SHOP),
            ("mauticform[messenger]", "1"),
            ("mauticform[email]", email.as_str()),
            ("mauticform[first]", "P"),
        ];
        let jar = &mut self.browsers[browser].jar;
        let path = format!("/form/submit?formId={form}");
        let (status, _) = self.mautic.browse(jar, &path, Some(&fields)).await;
        let contact: Option<u64> = jar.get("mtc_id").and_then(|id| id.parse().ok());
        self.diary.note(format!(
            "browser {browser} as contact {contact:?} submits form {topic} as {email}: {status}"
        ));
        self.diary.count("world", "forms");
        if let Some(contact) = contact {
            self.browsers[browser].contact = Some(contact);
            self.oracle().did(contact, Doing::Form(topic));
        }
    }

    async fn notice_merges(&mut self) {
        let merged: BTreeMap<u64, u64> = self
            .mautic
            .standin
            .with_state(|state| state.merged_into.clone())
            .await;
        let new = self.oracle().merges(&merged);
        for (loser, winner) in new {
            self.diary
                .note(format!("contact {loser} is merged into {winner}"));
            self.diary.count("world", "merges");
        }
        let oracle = Arc::clone(&self.oracle);
        let oracle = oracle.lock().unwrap_or_else(PoisonError::into_inner);
        for browser in &mut self.browsers {
            browser.contact = browser.contact.map(|contact| oracle.who(contact));
        }
        for mail in &mut self.mails {
            mail.contact = oracle.who(mail.contact);
        }
    }

    async fn send_mail(&mut self) {
        let Some(contact) = self.some_contact().await else {
            return;
        };
        let topic = self.dice.below(self.topics.len());
        let email = self.topics[topic].email;
        let path = format!("emails/{email}/contact/{contact}/send");
        let (status, _) = self.mautic.api("POST", &path, None).await;
        let hash = self.mautic.standin.with_state(|state| {
            let mut sent = state.web.email_stats.values().rev();
            let newest = sent.find(|stat| stat.contact == Some(contact));
            newest.map(|stat| stat.tracking_hash.clone())
        });
        if let Some(hash) = hash.await.filter(|_| status == 200) {
            self.diary
                .note(format!("contact {contact} gets mail {topic}"));
            self.mails.push(Mail {
                topic,
                contact,
                hash,
                opened: false,
            });
        }
    }

    async fn open_mail(&mut self) {
        let gone = |contact| self.oracle().is_deleted(contact);
        let unopened = |mail: &Mail| !mail.opened && !gone(mail.contact);
        let Some(at) = self.mails.iter().position(unopened) else {
            return;
        };
        let mail = &mut self.mails[at];
        mail.opened = true;
        let (topic, contact) = (mail.topic, mail.contact);
        let path = format!("/email/{}.gif", mail.hash);
        self.mautic.browse(&mut Jar::new(), &path, None).await;
        self.diary
            .note(format!("contact {contact} opens mail {topic}"));
        self.diary.count("world", "opens");
        self.oracle().did(contact, Doing::Open(topic));
    }

    async fn delete(&mut self) {
        if let Some(contact) = self.some_contact().await {
            self.delete_contact(contact).await;
        }
    }

    async fn edit_score(&mut self) {
        if let Some(contact) = self.some_contact().await {
            let topic = self.dice.below(self.topics.len());
            self.edit_score_of(contact, topic).await;
        }
    }

    async fn edit_score_of(&mut self, contact: u64, topic: usize) {
        let group = self.topics[topic].group;
        let (how, points) = if self.dice.percent(50) {
            ("set", self.dice.between(0, 60))
        } else {
            ("plus", self.dice.between(1, 9))
        };
        let before = self.mautic.score(contact, group).await;
        let path = format!("contacts/{contact}/points/groups/{group}/{how}/{points}");
        let (status, _) = self.mautic.api("POST", &path, None).await;
        let given = self.mautic.score(contact, group).await - before;
        if given != 0 {
            self.oracle().did(contact, Doing::Given(topic, given));
        }
        self.diary.note(format!(
            "somebody: {how} {points} in group {group} of contact {contact}: {status}"
        ));
        self.diary.count("world", "scores edited by hand");
    }

    async fn give_main_points(&mut self) {
        let Some(contact) = self.some_contact().await else {
            return;
        };
        let points = self.dice.between(1, 9);
        let path = format!("contacts/{contact}/points/plus/{points}");
        let (status, _) = self.mautic.api("POST", &path, None).await;
        self.diary.note(format!(
            "somebody gives contact {contact} {points} main points: {status}"
        ));
        if status == 200 {
            self.diary.count("world", "main points given by hand");
            self.oracle().did(contact, Doing::GivenMain(points));
        }
    }

    async fn edit_segment(&mut self) {
        let Some(contact) = self.some_contact().await else {
            return;
        };
        let segment = self.topics[self.dice.below(self.topics.len())].segment;
        let how = self.dice.pick(&["add", "remove"]);
        let path = format!("segments/{segment}/contact/{contact}/{how}");
        let (status, _) = self.mautic.api("POST", &path, None).await;
        self.diary.note(format!(
            "somebody: {how} contact {contact}, segment {segment}: {status}"
        ));
        self.diary.count("world", "segments edited by hand");
    }

    async fn edit_contact(&mut self) {
        let Some(contact) = self.some_contact().await else {
            return;
        };
        let body = json!({"lastname": format!("N{}", self.dice.below(1000))});
        let path = format!("contacts/{contact}/edit");
        let (status, _) = self.mautic.api("PATCH", &path, Some(&body)).await;
        self.diary
            .note(format!("somebody edits contact {contact}: {status}"));
    }
}
