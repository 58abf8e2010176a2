//! What the journal holds, as single statements that can be compared.

use std::collections::BTreeMap;
use topicscore::{
    domain::{Activity, ActivityKind, Profile},
    store::{Admin, Counts, Scores, sqlite::SqliteStore},
};

/// An activity's key (`hit:7`) or `contact 7`, and what is said of it.
pub(crate) type Statement = (String, String);

/// What a journal holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Journal {
    /// Each statement's value.
    pub(crate) statements: BTreeMap<Statement, String>,
    /// Activities by kind.
    pub(crate) activities: BTreeMap<&'static str, u64>,
    /// Kind and reason of each parked item.
    pub(crate) parked: Vec<String>,
}

/// No recording has more contacts or parked items.
const MOST: usize = 1_000_000;

impl Journal {
    pub(crate) async fn read(store: &SqliteStore) -> anyhow::Result<(Self, Counts)> {
        let mut journal = Self::default();
        let contacts = store.contact_ids(None, MOST).await?;
        for snapshot in store.snapshots(&contacts).await? {
            let item = format!("contact {}", snapshot.contact);
            let mut say = |what: &str, value: String| {
                let statement = (item.clone(), what.to_owned());
                journal.statements.insert(statement, value);
            };
            say("is known", "yes".to_owned());
            for segment in &snapshot.segments {
                say(&format!("segment {segment}"), "in".to_owned());
            }
            let seen = store.contact_overview(snapshot.contact).await?;
            let seen = seen.and_then(|contact| contact.observed_points);
            if let Some(points) = seen {
                say("main points", points.to_string());
            }
            if let Some(profile) = &snapshot.profile {
                of_profile(profile, &mut say);
            }
            for activity in snapshot.activities {
                journal.activity(&activity);
            }
        }
        let parked = store.parked_items(MOST).await?;
        let parked = parked
            .iter()
            .map(|item| format!("{}: {}", item.kind, item.reason));
        journal.parked = parked.collect();
        Ok((journal, store.counts().await?))
    }

    fn activity(&mut self, activity: &Activity) {
        *self.activities.entry(activity.kind.name()).or_default() += 1;
        let mut say = |what: &str, value: String| {
            let statement = (activity.key.0.clone(), what.to_owned());
            self.statements.insert(statement, value);
        };
        say("contact", activity.contact.to_string());
        say("time", activity.at.to_string());
        say("kind", activity.kind.name().to_owned());
        if let Some(object) = activity.object {
            say("object", object.to_string());
        }
        if let Some(url) = &activity.url {
            say("url", url.clone());
        }
        for (name, value) in &activity.attributes {
            say(&format!("attribute {name}"), value.clone());
        }
    }

    pub(crate) fn value(&self, item: &str, what: &str) -> Option<&str> {
        let statement = (item.to_owned(), what.to_owned());
        self.statements.get(&statement).map(String::as_str)
    }

    pub(crate) fn kind(&self, item: &str) -> Option<ActivityKind> {
        self.value(item, "kind")?.parse().ok()
    }
}

/// All but when it was shown.
pub(crate) fn of_profile(profile: &Profile, say: &mut impl FnMut(&str, String)) {
    say("profile", "shown".to_owned());
    say("profile points", profile.points.to_string());
    let times = [
        ("added", profile.added_at),
        ("identified", profile.identified_at),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            say(&format!("profile {name}"), time.to_string());
        }
    }
    if let Some(owner) = profile.owner {
        say("profile owner", owner.to_string());
    }
    if let Some(stage) = profile.stage {
        say("profile stage", stage.to_string());
    }
    for (alias, value) in &profile.fields {
        say(&format!("field {alias}"), value.clone());
    }
    for tag in &profile.tags {
        say(&format!("tag {tag}"), "has".to_owned());
    }
    for utm in &profile.utm {
        say(&format!("utm {utm:?}"), "has".to_owned());
    }
    for company in &profile.companies {
        say(&format!("company {company}"), "is of".to_owned());
    }
    for channel in &profile.do_not_contact {
        say(&format!("do not contact {channel}"), "yes".to_owned());
    }
}
