//! Contacts, in each of the shapes Mautic gives them.

use super::tolerant::{date, id, integer, text, without_nul};
use crate::domain::{ContactId, StageId, UserId, Utm};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A contact as REST lists, single answers and webhooks show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// `None` in the webhook of a deletion, where the id stands beside the contact (FACTS 82).
    pub id: Option<ContactId>,
    /// Main points. In `lead_points_change` often the old ones (FACTS 71).
    pub points: i64,
    /// When the contact was made.
    pub added_at: Option<Timestamp>,
    /// When it was last edited; many changes do not move it (FACTS 120).
    pub modified_at: Option<Timestamp>,
    /// Field values by alias; fields without a value are left out.
    pub fields: BTreeMap<String, String>,
    /// Left out by minimal lists and in what is embedded in hits, opens and submissions (FACTS 74).
    pub details: Option<Details>,
}

/// What only the full shape of a contact tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// When the visitor became known; `None` for anonymous visitors.
    pub identified_at: Option<Timestamp>,
    /// When the contact was last seen.
    pub active_at: Option<Timestamp>,
    /// Owner.
    pub owner: Option<UserId>,
    /// Stage.
    pub stage: Option<StageId>,
    /// Tag names.
    pub tags: BTreeSet<String>,
    /// UTM parameters of its visits, each once. Webhooks show empty entries in their place.
    pub utm: BTreeSet<Utm>,
    /// Channels the contact must not be contacted on (`email`, `sms`).
    pub do_not_contact: BTreeSet<String>,
}

impl<'de> Deserialize<'de> for Contact {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let object = Map::<String, Value>::deserialize(input)?;
        Ok(Self::read(&object))
    }
}

impl Contact {
    fn read(object: &Map<String, Value>) -> Self {
        let at = |key| object.get(key).and_then(date);
        Self {
            id: object.get("id").and_then(id).map(ContactId),
            points: object.get("points").and_then(integer).unwrap_or(0),
            added_at: at("dateAdded"),
            modified_at: at("dateModified"),
            fields: match object.get("fields") {
                Some(fields) => grouped(fields),
                None => flat(object),
            },
            details: object.get("tags").map(|tags| Details {
                identified_at: at("dateIdentified"),
                active_at: at("lastActive"),
                owner: reference(object.get("owner")).map(UserId),
                stage: reference(object.get("stage")).map(StageId),
                tags: names(tags, "tag"),
                utm: object.get("utmtags").map(utm).unwrap_or_default(),
                do_not_contact: object
                    .get("doNotContact")
                    .map(|channels| names(channels, "channel"))
                    .unwrap_or_default(),
            }),
        }
    }

    /// Value of a field by its alias.
    #[must_use]
    pub fn field(&self, alias: &str) -> Option<&str> {
        self.fields.get(alias).map(String::as_str)
    }
}

/// `LeadBundle/Entity/UtmTag.php`; entries without a value tell nothing.
fn utm(tags: &Value) -> BTreeSet<Utm> {
    let read = |tag: &Value| {
        let value = |key: &str| tag.get(key).and_then(text).filter(|text| !text.is_empty());
        Utm {
            source: value("utmSource"),
            medium: value("utmMedium"),
            campaign: value("utmCampaign"),
            term: value("utmTerm"),
            content: value("utmContent"),
        }
    };
    let tags = tags.as_array().into_iter().flatten().map(read);
    tags.filter(|tag| *tag != Utm::default()).collect()
}

/// `fields.<group>.<alias>.value`; `fields.all` is a flat copy of the same.
fn grouped(fields: &Value) -> BTreeMap<String, String> {
    let Some(groups) = fields.as_object() else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for (group, content) in groups {
        match content {
            Value::Object(all) if group == "all" => {
                for (alias, value) in flat(all) {
                    found.entry(alias).or_insert(value);
                }
            }
            Value::Object(fields) => {
                let value = |field: &Value| filled(field.get("value")?);
                let named = |(alias, field): (&String, _)| {
                    Some((without_nul(alias.clone()), value(field)?))
                };
                found.extend(fields.iter().filter_map(named));
            }
            _ => {}
        }
    }
    found
}

/// Aliases and values side by side, among a few keys that are no fields.
fn flat(object: &Map<String, Value>) -> BTreeMap<String, String> {
    const NO_FIELDS: [&str; 4] = ["id", "owner_id", "companies", "color"];
    object
        .iter()
        .filter(|(alias, _)| !NO_FIELDS.contains(&alias.as_str()))
        .filter_map(|(alias, value)| Some((without_nul(alias.clone()), filled(value)?)))
        .collect()
}

fn filled(value: &Value) -> Option<String> {
    text(value).filter(|text| !text.is_empty())
}

/// Id of an embedded entity, or a plain id.
fn reference(value: Option<&Value>) -> Option<u32> {
    let value = value?;
    id(value.get("id").unwrap_or(value))
}

/// Names from a list of objects, of plain names, or an object of either.
fn names(list: &Value, key: &str) -> BTreeSet<String> {
    let name = |item: &Value| text(item.get(key).unwrap_or(item));
    match list {
        Value::Array(items) => items.iter().filter_map(name).collect(),
        Value::Object(items) => items.values().filter_map(name).collect(),
        _ => BTreeSet::new(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;
    use serde_json::json;

    const REST: &str = include_str!("../testdata/contact.json");
    const MINIMAL: &str = include_str!("../testdata/contact_minimal.json");
    const IN_HIT: &str = include_str!("../testdata/contact_in_hit.json");
    const IN_SEND: &str = include_str!("../testdata/contact_in_send.json");

    fn read(json: &str) -> Contact {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn full_answer() {
        let at = |text: &str| Some(text.parse().unwrap());
        let expected = Contact {
            id: Some(ContactId(1)),
            points: 0,
            added_at: at("2026-11-21T20:38:02Z"),
            modified_at: None,
            fields: [
                ("city", "Bonn"),
                ("email", "ann@example.test"),
                ("firstname", "Ann"),
                ("lastname", "Example"),
                ("points", "0"),
            ]
            .map(|(alias, value)| (alias.to_owned(), value.to_owned()))
            .into(),
            details: Some(Details {
                identified_at: at("2026-11-21T20:38:02Z"),
                active_at: None,
                owner: Some(UserId(1)),
                stage: Some(StageId(1)),
                tags: ["kitchen", "vip"].map(str::to_owned).into(),
                utm: BTreeSet::new(),
                do_not_contact: BTreeSet::new(),
            }),
        };
        assert_eq!(read(REST), expected);
    }

    #[test]
    fn utm_tags_are_shown_by_rest_alone() {
        let utm = |tags: &str| {
            let contact = format!(r#"{{"id": 1, "tags": [], "utmtags": {tags}}}"#);
            read(&contact).details.unwrap().utm
        };
        let newsletter = r#"{"id": 1, "query": {"utm_source": "nl"}, "url": "https://example.test",
            "utmCampaign": null, "utmContent": "", "utmMedium": "mail", "utmSource": "nl"}"#;
        let expected = Utm {
            source: Some("nl".to_owned()),
            medium: Some("mail".to_owned()),
            ..Utm::default()
        };
        assert_eq!(
            utm(&format!("[{newsletter}, {newsletter}]")),
            [expected].into()
        );
        for none in ["null", "[]", "[[]]", r#"[{"id": 4, "utmSource": null}]"#] {
            assert_eq!(utm(none), BTreeSet::new(), "{none}");
        }
    }

    #[test]
    fn lists_embedded_contacts_and_flat_ones_read_alike() {
        let minimal = read(MINIMAL);
        assert_eq!(minimal.id, Some(ContactId(5)));
        assert_eq!(minimal.details, None);
        assert_eq!(minimal.field("email"), Some("ip@example.test"));
        let hit = read(IN_HIT);
        assert_eq!((hit.id, hit.points), (Some(ContactId(1)), 1));
        assert_eq!(hit.details, None);
        let send = read(IN_SEND);
        assert_eq!((send.id, send.points), (Some(ContactId(1)), 1));
        let mut from_hit = hit.fields;
        assert_eq!(
            from_hit.remove("last_active").as_deref(),
            Some("2026-11-21 20:25:04")
        );
        assert_eq!(from_hit, send.fields);
    }

    #[test]
    fn odd_shapes() {
        let odd: Contact = serde_json::from_value(json!({
            "id": null, "points": "12", "fields": [],
            "owner": 3, "stage": {"id": "2", "name": "MQL"}, "dateAdded": null,
            "tags": {"1": {"tag": "a"}, "2": "b"}, "doNotContact": [{"channel": "email"}, {"channel": "sms"}],
        }))
        .unwrap();
        assert_eq!((odd.id, odd.points, odd.fields.len()), (None, 12, 0));
        let details = odd.details.unwrap();
        assert_eq!(
            (details.owner, details.stage),
            (Some(UserId(3)), Some(StageId(2)))
        );
        assert_eq!(details.tags, ["a", "b"].map(str::to_owned).into());
        assert_eq!(
            details.do_not_contact,
            ["email", "sms"].map(str::to_owned).into()
        );
    }

    #[test]
    fn a_contact_is_an_object() {
        for no_contact in ["[]", "null", "5", "\"x\""] {
            assert!(
                serde_json::from_str::<Contact>(no_contact).is_err(),
                "{no_contact}"
            );
        }
    }
}
