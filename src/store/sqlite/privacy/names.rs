//! Of whom a text speaks. PURE.

use crate::domain::ContactId;
use serde_json::Value;
use std::collections::BTreeSet;

/// Where Mautic's events and tables name a contact.
const OBJECTS: [&str; 2] = ["contact", "lead"];
const IDS: [&str; 5] = ["lead_id", "leadId", "contact_id", "contactId", "deletedId"];

/// The contacts that a JSON text names as such; none if it is no JSON.
pub(in super::super) fn named(text: &str) -> BTreeSet<ContactId> {
    let mut found = BTreeSet::new();
    if let Ok(value) = serde_json::from_str(text) {
        collect(&value, &mut found);
    }
    found
}

fn collect(value: &Value, found: &mut BTreeSet<ContactId>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(members) => {
            for (name, member) in members {
                if IDS.contains(&name.as_str()) {
                    found.extend(id(member));
                } else if OBJECTS.contains(&name.as_str()) {
                    found.extend(id(member).or_else(|| id(member.get("id")?)));
                }
                collect(member, found);
            }
        }
        _ => {}
    }
}

/// Mautic writes ids as numbers or as text.
fn id(value: &Value) -> Option<ContactId> {
    let number = match value {
        Value::Number(number) => number.as_u64()?.try_into().ok(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    };
    number.map(ContactId)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u32]) -> BTreeSet<ContactId> {
        ids.iter().copied().map(ContactId).collect()
    }

    #[test]
    fn contacts_are_named_by_their_place() {
        for (text, expected) in [
            (
                r#"{"contact":{"id":7,"owner":{"id":8}},"page":{"id":9}}"#,
                ids(&[7]),
            ),
            (
                r#"[{"hit":{"lead":{"id":"7"},"page":{"id":9}}},{"lead":3}]"#,
                ids(&[3, 7]),
            ),
            (r#"{"lead_id":"5","page_id":"6"}"#, ids(&[5])),
            (r#"{"contact":null,"lead":{"id":null}}"#, ids(&[])),
            ("no JSON 7", ids(&[])),
        ] {
            assert_eq!(named(text), expected, "{text}");
        }
    }
}
