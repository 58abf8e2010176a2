//! Of whom the items of a delivery tell.

use super::{Decoded, EventType, webhook};
use crate::domain::{ContactId, speaks_of};
use serde_json::value::RawValue;
use std::collections::BTreeSet;

/// An item of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Event type; `?` for a body that is no delivery at all.
    pub event: String,
    /// The item as it came; the whole body where it is no delivery.
    pub text: String,
}

/// The items of a delivery's body that tell of these contacts, in the order told; not those of
/// others in the same delivery. One that can't be understood is among them if one of the ids stands
/// in it.
#[must_use]
pub fn items_about(raw: &[u8], contacts: &BTreeSet<ContactId>) -> Vec<Item> {
    let Some(items) = webhook::items(raw) else {
        let text = String::from_utf8_lossy(raw).into_owned();
        let event = "?".to_owned();
        let whole = speaks_of(raw, contacts).then_some(Item { event, text });
        return whole.into_iter().collect();
    };
    let about = items
        .into_iter()
        .filter(|(event, item)| tells_of(event, item, contacts));
    about
        .map(|(event, item)| Item {
            event,
            text: item.get().to_owned(),
        })
        .collect()
}

fn tells_of(event: &str, item: &RawValue, contacts: &BTreeSet<ContactId>) -> bool {
    let mut told = Decoded::default();
    let Some(event) = EventType::named(event) else {
        return speaks_of(item.get().as_bytes(), contacts);
    };
    webhook::one(&mut told, event, item);
    if !told.unreadable.is_empty() {
        return speaks_of(item.get().as_bytes(), contacts);
    }
    let mut named = told.sightings.iter().map(|told| told.fact.contact());
    named.any(|contact| contacts.contains(&contact))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hit(contact: u32, id: u32) -> String {
        format!(
            r#"{{"hit":{{"id":{id},"dateHit":"2026-01-01T10:00:00+00:00","redirect":null,
            "lead":{{"id":{contact}}},"url":"http://shop.example.test/"}}}}"#
        )
    }

    #[test]
    fn only_what_tells_of_the_contact() {
        let gone = r#"{"id":7,"timestamp":"2026-01-01T10:00:00+00:00"}"#;
        let body = format!(
            r#"{{"mautic.page_on_hit":[{},{},{}],"mautic.new":[{{"a":7}},{{"a":8}}],
            "mautic.lead_post_delete":[{gone}],"mautic.email_on_open":[{{"broken":7}},3]}}"#,
            hit(7, 1),
            // Another number of the same value names nobody.
            hit(8, 7),
            hit(9, 3),
        );
        let told = |ids: &[u32]| -> Vec<(String, String)> {
            let ids = ids.iter().copied().map(ContactId).collect();
            let items = items_about(body.as_bytes(), &ids).into_iter();
            items.map(|item| (item.event, item.text)).collect()
        };
        let item = |event: &str, text: &str| (format!("mautic.{event}"), text.to_owned());
        assert_eq!(
            told(&[7]),
            [
                item("page_on_hit", &hit(7, 1)),
                item("new", r#"{"a":7}"#),
                item("lead_post_delete", gone),
                item("email_on_open", r#"{"broken":7}"#),
            ]
        );
        assert_eq!(told(&[9, 10]), [item("page_on_hit", &hit(9, 3))]);
        assert_eq!(told(&[11]), []);
        for (body, ids, expected) in [("no JSON of 7", 7, 1), ("no JSON of 7", 8, 0), ("", 7, 0)] {
            let ids = [ContactId(ids)].into();
            assert_eq!(items_about(body.as_bytes(), &ids).len(), expected);
        }
    }
}
