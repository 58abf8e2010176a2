//! The things Mautic is configured with.

use super::tolerant::{
    de_date, de_flag, de_id, de_integer, de_list, de_name, de_properties, de_text, integer,
};
use crate::domain::{GroupId, PointActionId, SegmentId, TriggerId};
use jiff::Timestamp;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// A form, landing page, email, asset or stage: what a rule can name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Item {
    /// Id among its kind.
    #[serde(deserialize_with = "de_id")]
    pub id: u32,
    /// Name, the title of pages and assets, or the name a user logs in by.
    #[serde(
        alias = "title",
        alias = "username",
        default,
        deserialize_with = "de_name"
    )]
    pub name: String,
    /// Alias, where the kind has one.
    #[serde(default, deserialize_with = "de_text")]
    pub alias: Option<String>,
    /// Whether it is published.
    #[serde(rename = "isPublished", default, deserialize_with = "de_flag")]
    pub is_published: bool,
}

/// A landing page; lists hold those at the top, with their variants and translations inside.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LandingPage {
    /// Id.
    #[serde(deserialize_with = "de_id")]
    pub id: u32,
    /// Title.
    #[serde(default, deserialize_with = "de_name")]
    pub title: String,
    /// What a hit of it may show instead, half of the visitors each, or so.
    #[serde(rename = "variantChildren", default, deserialize_with = "de_children")]
    pub variants: Vec<Self>,
    /// The same in other languages.
    #[serde(
        rename = "translationChildren",
        default,
        deserialize_with = "de_children"
    )]
    pub translations: Vec<Self>,
}

/// Children in a list or by id (PHP writes either); null where there are none.
fn de_children<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<LandingPage>, D::Error> {
    let children = match Value::deserialize(input)? {
        Value::Array(children) => children,
        Value::Object(children) => children.into_iter().map(|(_, child)| child).collect(),
        _ => Vec::new(),
    };
    let child = |child| serde_json::from_value(child).map_err(serde::de::Error::custom);
    children.into_iter().map(child).collect()
}

/// A point group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PointGroup {
    /// Id.
    #[serde(deserialize_with = "de_id")]
    pub id: GroupId,
    /// Name, without HTML tags (FACTS 28).
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// Description.
    #[serde(default, deserialize_with = "de_text")]
    pub description: Option<String>,
    /// Writes to an unpublished group work all the same (FACTS 27).
    #[serde(rename = "isPublished", default, deserialize_with = "de_flag")]
    pub is_published: bool,
}

/// A contact's score in a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GroupScore {
    /// The score, 32 bits signed in Mautic (FACTS 22).
    #[serde(deserialize_with = "de_integer")]
    pub score: i64,
    /// The group; null fields such as its description are left out (FACTS 27).
    pub group: PointGroup,
}

/// A point action.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PointAction {
    /// Id.
    #[serde(deserialize_with = "de_id")]
    pub id: PointActionId,
    /// Name.
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// `page.hit`, `url.hit`, `email.open`, `email.send`, `form.submit`, `asset.download`.
    #[serde(rename = "type", default, deserialize_with = "de_name")]
    pub kind: String,
    /// Points, negative too.
    #[serde(deserialize_with = "de_integer")]
    pub delta: i64,
    /// Whether it counts every time.
    #[serde(default, deserialize_with = "de_flag")]
    pub repeatable: bool,
    /// What it is limited to, as Mautic stores it (FACTS 50, 51).
    #[serde(default, deserialize_with = "de_properties")]
    pub properties: BTreeMap<String, Value>,
    /// Whether it is published.
    #[serde(rename = "isPublished", default, deserialize_with = "de_flag")]
    pub is_published: bool,
    /// When it was made: nothing before counts.
    #[serde(rename = "dateAdded", default, deserialize_with = "de_date")]
    pub added_at: Option<Timestamp>,
    /// Counts from this moment on.
    #[serde(rename = "publishUp", default, deserialize_with = "de_date")]
    pub publish_up: Option<Timestamp>,
    /// Counts until this moment.
    #[serde(rename = "publishDown", default, deserialize_with = "de_date")]
    pub publish_down: Option<Timestamp>,
    /// The group; not in Mautic's JSON, but asked for (FACTS 46). `None` = main points.
    #[serde(skip)]
    pub group: Option<GroupId>,
}

/// A point trigger.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Trigger {
    /// Id.
    #[serde(deserialize_with = "de_id")]
    pub id: TriggerId,
    /// Name.
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// Fires at this many points.
    #[serde(deserialize_with = "de_integer")]
    pub points: i64,
    /// Whether it is published.
    #[serde(rename = "isPublished", default, deserialize_with = "de_flag")]
    pub is_published: bool,
    /// What it does. Mautic 5.1 deletes rows of these after they ran (FACTS 41).
    #[serde(default, deserialize_with = "de_list")]
    pub events: Vec<TriggerEvent>,
    /// The group; not in Mautic's JSON, but asked for (FACTS 46). `None` = main points.
    #[serde(skip)]
    pub group: Option<GroupId>,
}

/// One thing a trigger does.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct TriggerEvent {
    /// Id.
    #[serde(deserialize_with = "de_id")]
    pub id: u32,
    /// Name.
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// `lead.changelists`, `lead.changetags`, `email.send`, …
    #[serde(rename = "type", default, deserialize_with = "de_name")]
    pub kind: String,
    /// What it needs, as Mautic stores it.
    #[serde(default, deserialize_with = "de_properties")]
    pub properties: BTreeMap<String, Value>,
}

/// A field of contacts.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ContactField {
    /// Alias: what rules call it.
    #[serde(default, deserialize_with = "de_name")]
    pub alias: String,
    /// Sort: `text`, `number`, …
    #[serde(rename = "type", default, deserialize_with = "de_name")]
    pub sort: String,
    /// Of a number its decimals (`scale`) and how it is rounded to them.
    #[serde(default, deserialize_with = "de_properties")]
    pub properties: BTreeMap<String, Value>,
}

impl ContactField {
    /// Whether only whole numbers of it are shown: a number without decimals (FACTS 116).
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let scale = self.properties.get("scale").and_then(integer);
        self.sort == "number" && scale.unwrap_or(0) == 0
    }
}

/// A segment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Segment {
    /// Id.
    #[serde(deserialize_with = "de_id")]
    pub id: SegmentId,
    /// Name.
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// Alias, unique.
    #[serde(default, deserialize_with = "de_name")]
    pub alias: String,
    /// Members of an unpublished segment can't be changed (FACTS 130, N8).
    #[serde(rename = "isPublished", default, deserialize_with = "de_flag")]
    pub is_published: bool,
    /// Conditions; a segment that has some is never written by us.
    #[serde(default, deserialize_with = "de_list")]
    pub filters: Vec<Value>,
}

/// A contact's membership of a segment (FACTS 132).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Membership {
    /// The segment.
    #[serde(deserialize_with = "de_id")]
    pub id: SegmentId,
    /// Its name.
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// Since when.
    #[serde(rename = "dateAdded", default, deserialize_with = "de_date")]
    pub added_at: Option<Timestamp>,
    /// Added by hand or by API, so that filters don't take it out again (FACTS 131).
    #[serde(rename = "manuallyAdded", default, deserialize_with = "de_flag")]
    pub manually_added: bool,
    /// Taken out by hand or by API: no member (FACTS 131).
    #[serde(rename = "manuallyRemoved", default, deserialize_with = "de_flag")]
    pub manually_removed: bool,
}

/// A webhook as it is registered in Mautic.
#[derive(Debug, Clone, Deserialize)]
pub struct Hook {
    /// Id.
    #[serde(deserialize_with = "de_id")]
    pub id: u32,
    /// Name.
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// Where deliveries go.
    #[serde(rename = "webhookUrl", default, deserialize_with = "de_name")]
    pub url: String,
    /// Signs the deliveries; Mautic shows it in clear (FACTS 12).
    #[serde(default, deserialize_with = "de_secret")]
    pub secret: SecretString,
    /// Event types, such as `mautic.page_on_hit`.
    #[serde(default, deserialize_with = "de_list")]
    pub triggers: Vec<String>,
    /// Order within a delivery in queue mode: `ASC` or `DESC` (FACTS 2).
    #[serde(rename = "eventsOrderbyDir", default, deserialize_with = "de_text")]
    pub order: Option<String>,
    /// Mautic unpublishes a hook whose deliveries fail, and says nothing (FACTS 9, 10).
    #[serde(rename = "isPublished", default, deserialize_with = "de_flag")]
    pub is_published: bool,
    /// Last edit. `None` = never edited: unpublished at its first failure (FACTS 9).
    #[serde(rename = "dateModified", default, deserialize_with = "de_date")]
    pub modified_at: Option<Timestamp>,
}

fn de_secret<'de, D: Deserializer<'de>>(input: D) -> Result<SecretString, D::Error> {
    Ok(de_name(input)?.into())
}

/// Whom the credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Me {
    /// User name; for client credentials the name of the client.
    #[serde(default, deserialize_with = "de_name")]
    pub username: String,
    /// Role.
    pub role: Option<Role>,
}

/// What a user may do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Role {
    /// Name.
    #[serde(default, deserialize_with = "de_name")]
    pub name: String,
    /// Whether everything is allowed.
    #[serde(rename = "isAdmin", default, deserialize_with = "de_flag")]
    pub is_admin: bool,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::super::{Page, entity};
    use super::*;
    use serde_json::json;

    #[test]
    fn point_actions() {
        let page: Page<PointAction> = Page::read(
            json!({"total": 14, "points": [
                {"isPublished": true, "dateModified": null, "id": 1, "name": "email-open", "category": null,
                 "type": "email.open", "publishUp": "2026-11-21T20:00:00+00:00", "publishDown": null, "delta": -5,
                 "properties": {"emails": [1]}, "repeatable": false},
                {"isPublished": false, "id": "7", "name": "grp", "type": "url.hit", "delta": "2", "properties": [], "repeatable": true},
            ]}),
            "points",
        )
        .unwrap();
        let [open, hit] = &page.items[..] else {
            panic!("two actions expected: {page:?}")
        };
        assert_eq!(
            (open.id, open.delta, open.kind.as_str()),
            (PointActionId(1), -5, "email.open")
        );
        assert_eq!(open.properties["emails"], json!([1]));
        assert_eq!(open.publish_up, "2026-11-21T20:00:00Z".parse().ok());
        assert!(open.is_published && !open.repeatable);
        assert_eq!((hit.id, hit.delta, hit.group), (PointActionId(7), 2, None));
        assert!(hit.repeatable && !hit.is_published && hit.properties.is_empty());
    }

    #[test]
    fn triggers() {
        let trigger: Trigger = entity(
            json!({"trigger": {"isPublished": true, "id": 1, "name": "T changelists", "points": 10, "color": "ff0000",
                "events": [{"id": 1, "name": "changelists", "description": "d", "type": "lead.changelists", "order": 1,
                            "properties": {"addToLists": [1], "removeFromLists": []}}], "triggerExistingLeads": false}}),
            "trigger",
        )
        .unwrap();
        assert_eq!((trigger.id, trigger.points), (TriggerId(1), 10));
        assert_eq!(trigger.events[0].kind, "lead.changelists");
        assert_eq!(trigger.events[0].properties["addToLists"], json!([1]));
    }

    #[test]
    fn group_scores_leave_out_what_is_null() {
        let scores: Page<GroupScore> = Page::read(
            json!({"total": 2, "groupScores": [
                {"score": -7, "group": {"id": 1, "name": "Dishwashers 2", "description": "d"}},
                {"score": 0, "group": {"id": 3, "name": "Unpublished"}}]}),
            "groupScores",
        )
        .unwrap();
        let seen: Vec<_> = scores.items.iter().map(|s| (s.group.id, s.score)).collect();
        assert_eq!(seen, [(GroupId(1), -7), (GroupId(3), 0)]);
        assert_eq!(scores.items[1].group.description, None);
    }

    #[test]
    fn memberships_and_segments() {
        let page: Page<Membership> = Page::read(
            json!({"total": 1, "lists": {"1": {"id": 1, "name": "S1", "alias": "s1",
                "dateAdded": "2026-11-21T20:38:12+00:00", "manuallyRemoved": false, "manuallyAdded": true}}}),
            "lists",
        )
        .unwrap();
        assert!(page.items[0].manually_added && !page.items[0].manually_removed);
        let segment: Segment = entity(
            json!({"list": {"isPublished": true, "id": 3, "name": "DW", "publicName": "DW", "alias": "dw60b",
                "filters": [{"glue": "and", "field": "group_points_1"}]}}),
            "list",
        )
        .unwrap();
        assert_eq!((segment.id, segment.filters.len()), (SegmentId(3), 1));
    }

    #[test]
    fn hooks_keep_their_secret_out_of_debug() {
        let hook: Hook = entity(
            json!({"hook": {"isPublished": false, "dateModified": null, "id": 9, "name": "t/gone", "webhookUrl": "http://x.example.test/gone",
                "secret": "hook-secret-2026", "eventsOrderbyDir": null, "triggers": ["mautic.page_on_hit"]}}),
            "hook",
        )
        .unwrap();
        assert!(!hook.is_published && hook.modified_at.is_none());
        assert_eq!(hook.triggers, ["mautic.page_on_hit"]);
        assert!(!format!("{hook:?}").contains("hook-secret"));
    }

    #[test]
    fn pages_and_assets_have_titles() {
        let item: Item = serde_json::from_value(
            json!({"id": 1, "title": "P", "alias": "p", "isPublished": true}),
        )
        .unwrap();
        assert_eq!(
            (item.name.as_str(), item.alias.as_deref()),
            ("P", Some("p"))
        );
    }

    #[test]
    fn pages_hold_their_variants_and_translations() {
        let page: LandingPage = serde_json::from_value(json!({"id": 1, "title": "P",
            "variantChildren": [{"id": 2, "title": "P, red"}, {"id": 3, "title": "P, blue"}],
            "translationChildren": {"4": {"id": 4, "title": "P, en", "translationChildren": null}}}))
        .unwrap();
        let ids = |pages: &[LandingPage]| pages.iter().map(|page| page.id).collect::<Vec<_>>();
        assert_eq!(
            (ids(&page.variants), ids(&page.translations)),
            (vec![2, 3], vec![4])
        );
        assert_eq!(page.translations[0].title, "P, en");
    }

    #[test]
    fn users_have_names_to_log_in_by() {
        let user = json!({"id": 1, "username": "ann", "firstName": "Ann", "isPublished": true});
        let user: Item = serde_json::from_value(user).unwrap();
        assert_eq!((user.id, user.name.as_str()), (1, "ann"));
    }

    #[test]
    fn me_with_and_without_id() {
        let me: Me = serde_json::from_value(json!({"isPublished": true, "username": "sidecar [1]",
            "role": {"id": 1, "name": "Administrator", "isAdmin": true}, "timezone": ""}))
        .unwrap();
        assert!(me.role.is_some_and(|role| role.is_admin));
    }
}
