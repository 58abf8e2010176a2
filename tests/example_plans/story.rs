//! A contact's history, and a daemon's way through it: it looks whenever something is heard and
//! whenever a look has said that time will change something, and keeps what fired.

use crate::text;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use topicscore::domain::{
    Activity, ActivityKey, ActivityKind, Attributes, ContactId, Fired, Profile, Snapshot,
};
use topicscore::plan::{Catalog, Compiled, Named, Plan, compile, doubts};
use topicscore::scoring::{evaluate, explain};

/// Whose story it is.
pub(crate) const CONTACT: ContactId = ContactId(4711);

pub(crate) fn named(names: &[&str]) -> Vec<Named> {
    (1..)
        .zip(names)
        .map(|(id, name)| Named {
            id,
            name: (*name).into(),
        })
        .collect()
}

pub(crate) fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Reads and binds a plan, in force since `made_at`; there must be nothing to say against it.
pub(crate) fn plan(file: &str, text: &str, catalog: &Catalog, made_at: &str) -> Compiled {
    let (plan, warnings) = Plan::parse(file, text).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(warnings.is_empty(), "{warnings}");
    let doubts = doubts(&plan, catalog);
    assert!(doubts.is_empty(), "{doubts}");
    let mut compiled = compile(&plan, catalog).unwrap_or_else(|errors| panic!("{errors}"));
    for trigger in &mut compiled.triggers {
        trigger.made_at = Some(moment(made_at));
    }
    compiled
}

/// What somebody did: natural key, moment, kind, object, URL.
pub(crate) type Did<'a> = (&'a str, &'a str, &'a str, Option<u32>, &'a str);

pub(crate) fn activities(table: &[Did<'_>]) -> Vec<Activity> {
    let each = table.iter().map(|(key, at, kind, object, url)| Activity {
        key: ActivityKey((*key).into()),
        contact: CONTACT,
        at: moment(at),
        kind: kind.parse::<ActivityKind>().unwrap(),
        object: *object,
        url: (!url.is_empty()).then(|| (*url).into()),
        attributes: Attributes::new(),
    });
    each.collect()
}

/// A form's answer, or another attribute.
pub(crate) fn with(mut activity: Activity, attributes: &[(&str, &str)]) -> Activity {
    let pairs = attributes.iter();
    let pairs = pairs.map(|(name, value)| ((*name).into(), (*value).into()));
    activity.attributes.extend(pairs);
    activity
}

/// A contact that has a profile and has done nothing yet.
pub(crate) fn known(profile: Profile) -> Snapshot {
    Snapshot {
        profile: Some(profile),
        ..Snapshot::of(CONTACT)
    }
}

/// A profile made at a moment.
pub(crate) fn profile(added_at: &str, fields: &[(&str, &str)]) -> Profile {
    let mut profile = Profile::unknown(CONTACT, moment(added_at));
    profile.added_at = Some(moment(added_at));
    let pairs = fields.iter();
    let pairs = pairs.map(|(name, value)| ((*name).into(), (*value).into()));
    profile.fields = pairs.collect();
    profile
}

/// A change of what Mautic shows, apart from activities.
type Turn<'p> = Box<dyn Fn(&mut Snapshot) + 'p>;

/// The daemon's way through a history.
pub(crate) struct Story<'p> {
    plan: &'p Compiled,
    to_come: Vec<Activity>,
    turns: BTreeMap<Timestamp, Vec<Turn<'p>>>,
    now: Timestamp,
    /// What is known by now.
    pub(crate) known: Snapshot,
    /// What followed so far, a line each.
    log: Vec<String>,
    standing: text::Standing,
}

impl<'p> Story<'p> {
    /// Begins when the contact is first heard of, with what is known of it then.
    pub(crate) fn new(
        plan: &'p Compiled,
        begins: &str,
        known: Snapshot,
        to_come: Vec<Activity>,
    ) -> Self {
        let mut story = Self {
            plan,
            to_come,
            turns: BTreeMap::new(),
            now: moment(begins),
            known,
            log: Vec::new(),
            standing: text::Standing::default(),
        };
        story.look();
        story
    }

    /// At a moment, something else becomes known.
    pub(crate) fn at(mut self, when: &str, turn: impl Fn(&mut Snapshot) + 'p) -> Self {
        let turns = self.turns.entry(moment(when)).or_default();
        turns.push(Box::new(turn));
        self
    }

    /// Goes on until then, with a look whenever there is something to see.
    pub(crate) fn until(&mut self, end: &str) -> &mut Self {
        let end = moment(end);
        // Far more than any story has: a change that is told again and again would never end.
        for _ in 0..10_000 {
            let heard = self.to_come.iter().map(|one| one.at);
            let turns = self.turns.keys().copied();
            let told = evaluate(self.plan, &self.known, self.now).next_change;
            assert!(told.is_none_or(|at| at > self.now), "a change in the past");
            let next = heard.chain(turns).chain(told).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                self.nothing_new();
                return self;
            };
            // Until then everything stays as it is, as the look before has said.
            self.now = (next - SignedDuration::from_secs(1)).max(self.now);
            self.nothing_new();
            self.now = next;
            self.hear();
            self.look();
        }
        panic!("time does not go on at {}", self.now);
    }

    fn hear(&mut self) {
        let now = self.now;
        let (heard, to_come) = self.to_come.drain(..).partition(|one| one.at <= now);
        self.to_come = to_come;
        let mut heard: Vec<Activity> = heard;
        self.known.activities.append(&mut heard);
        while let Some(turns) = self.turns.first_entry().filter(|turn| *turn.key() <= now) {
            for turn in turns.remove() {
                turn(&mut self.known);
            }
        }
    }

    /// What the daemon does at a look: keep what fired, and what is armed again.
    fn look(&mut self) {
        let evaluation = evaluate(self.plan, &self.known, self.now);
        let (standing, decision) = (
            text::Standing::of(self.plan, &evaluation),
            evaluation.decision,
        );
        let news = standing.news_since(&self.standing);
        let when = text::local(self.plan, self.now);
        self.log.extend(news.map(|news| format!("{when}  {news}")));
        self.standing = standing;
        for firing in &decision.firings {
            let fired = Fired {
                crossed_at: firing.crossed_at,
                rearmed_at: None,
            };
            self.known.fired.insert(firing.trigger.clone(), fired);
            let told = text::firing(self.plan, firing);
            self.log.push(format!("{when}  FIRES {told}"));
        }
        for (trigger, at) in &decision.rearmed {
            let fired = self.known.fired.get_mut(trigger).unwrap();
            assert_eq!(
                fired.rearmed_at, None,
                "{trigger:?} is told to be armed again twice"
            );
            fired.rearmed_at = Some(*at);
            let at = text::local(self.plan, *at);
            self.log
                .push(format!("{when}  armed again since {at}: {}", trigger.0));
        }
        self.nothing_new();
    }

    /// A second look at the same moment finds nothing that the first did not.
    fn nothing_new(&self) {
        let again = evaluate(self.plan, &self.known, self.now);
        assert_eq!(again.decision.firings, [], "at {}", self.now);
        assert_eq!(again.decision.rearmed, [], "at {}", self.now);
        let standing = text::Standing::of(self.plan, &again);
        assert_eq!(standing, self.standing, "unforeseen at {}", self.now);
    }

    /// Why a topic has its score now.
    pub(crate) fn why(&self, topic: &str) -> String {
        let all = explain(self.plan, &self.known, self.now);
        let explained = all.iter().find(|one| one.topic.0 == topic).unwrap();
        let parts: i64 = explained.contributions.iter().map(|one| one.points.0).sum();
        let sum = parts + explained.rounding.0 + explained.cut * 1000;
        assert_eq!(sum, i64::from(explained.score) * 1000, "it adds up");
        text::explanation(self.plan, explained)
    }

    /// What followed since it was last asked for.
    pub(crate) fn followed(&mut self) -> String {
        std::mem::take(&mut self.log).join("\n")
    }
}
