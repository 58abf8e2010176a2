//! Topics: one per point group, and one of the main points.

use super::super::{Catalog, parse::slug};
use super::text::{commented, string};
use crate::domain::{GroupId, PointActionId};
use std::collections::{BTreeMap, BTreeSet};

/// See [`super::MauticPoints::paid`].
type Paid = BTreeMap<Option<GroupId>, BTreeSet<PointActionId>>;

/// The topic of Mautic's main points, unless the plan names another one.
const MAIN: &str = "points";

/// Keys of topics by their point groups; `None`: main points.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TopicKeys(BTreeMap<Option<u32>, String>);

impl TopicKeys {
    /// Keys made from the groups' names.
    pub(super) fn new(catalog: &Catalog) -> Self {
        Self::beside(BTreeMap::new(), &BTreeSet::new(), catalog)
    }

    /// The keys that a plan has already, and new ones that none of its topics has.
    pub(super) fn beside(
        known: BTreeMap<Option<u32>, String>,
        taken: &BTreeSet<String>,
        catalog: &Catalog,
    ) -> Self {
        let mut taken = taken.clone();
        let mut keys = known;
        let main = (None, MAIN.to_owned());
        let groups = catalog
            .groups
            .iter()
            .map(|group| (Some(group.id), slug(&group.name)));
        for (group, key) in std::iter::once(main).chain(groups) {
            keys.entry(group)
                .or_insert_with(|| free(&mut taken, key, group.unwrap_or(0)));
        }
        Self(keys)
    }

    /// The topic of a group; that of the main points if Mautic has no such group.
    pub(super) fn key(&self, group: Option<u32>) -> &str {
        let key = self.0.get(&group).or_else(|| self.0.get(&None));
        key.map_or(MAIN, String::as_str)
    }

    /// The group of a topic.
    #[allow(
        clippy::option_option,
        reason = "no group known, or main points: two things"
    )]
    pub(super) fn group(&self, key: &str) -> Option<Option<u32>> {
        let found = self.0.iter().find(|(_, one)| *one == key);
        found.map(|(group, _)| *group)
    }

    /// All topics; those into which nothing pays are comments.
    pub(super) fn text(
        &self,
        catalog: &Catalog,
        active: &BTreeSet<Option<u32>>,
        paid: &Paid,
    ) -> String {
        let groups = catalog.groups.iter().map(|group| Some(group.id));
        std::iter::once(None)
            .chain(groups)
            .map(|group| {
                let text = self.topic(group, catalog, paid);
                shown(&text, active.contains(&group))
            })
            .collect()
    }

    /// The text of one topic.
    pub(super) fn topic(&self, group: Option<u32>, catalog: &Catalog, paid: &Paid) -> String {
        let key = self.key(group);
        let name = catalog.groups.iter().find(|one| Some(one.id) == group);
        let name = name.map_or("", |group| group.name.trim());
        let (label, what) = match group {
            None => (
                "Points",
                "main_points = true # shown beside Mautic's own, not written".to_owned(),
            ),
            Some(id) if name.is_empty() => (key, format!("group = {id}")),
            Some(id) => (name, format!("group = {id} # {}", string(name))),
        };
        let gone = paid.get(&group.map(GroupId)).filter(|ids| !ids.is_empty());
        let gone = gone.map_or(String::new(), |ids| {
            let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
            let why = "of Mautic's, run no more: what they paid counts as it was given";
            format!("adopt_actions = [{}] # {why}\n", ids.join(", "))
        });
        format!(
            "[[topic]]\nkey = {}\nlabel = {}\n{what}\nfloor = \"none\"\nceiling = \"none\"\n\
             foreign = \"adopt\" # points given by campaigns, forms and people count, too\n{gone}\n",
            string(key),
            string(label)
        )
    }
}

/// A key that no other topic has. The id tells two groups of one name apart; `_` is in no slug.
fn free(taken: &mut BTreeSet<String>, key: String, id: u32) -> String {
    if taken.insert(key.clone()) {
        return key;
    }
    let start: String = key.chars().take(50).collect();
    let numbered =
        std::iter::successors(Some(format!("{start}_{id}")), |one| Some(format!("{one}_")));
    for candidate in numbered {
        if taken.insert(candidate.clone()) {
            return candidate;
        }
    }
    key
}

/// A topic without a rule would bring the group's scores to 0: it stays a comment.
fn shown(topic: &str, active: bool) -> String {
    if active {
        topic.to_owned()
    } else {
        format!("# No action pays into this one.\n{}", commented(topic))
    }
}
