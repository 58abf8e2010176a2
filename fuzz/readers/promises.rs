//! What must hold of whatever was read.

use serde_json::Value;
use topicscore::{
    domain::{ContactId, Fact, Sighting},
    intake::decode::{Decoded, Unreadable, items_about},
};

/// Facts are of somebody, and survive the way through the journal.
pub(crate) fn keeps_facts(sightings: &[Sighting]) {
    for told in sightings {
        assert_ne!(told.fact.contact(), ContactId(0), "a fact of nobody");
        let kept = serde_json::to_value(&told.fact).unwrap();
        is_storable(&kept);
        let back: Fact = serde_json::from_value(kept).unwrap();
        assert_eq!(told.fact, back);
    }
}

/// No NUL, in keys neither: a database may refuse it, and would then refuse its neighbours, too.
pub(crate) fn is_storable(value: &Value) {
    match value {
        Value::String(text) => assert!(!text.contains('\0'), "NUL in {text:?}"),
        Value::Array(values) => values.iter().for_each(is_storable),
        Value::Object(entries) => {
            for (key, value) in entries {
                assert!(!key.contains('\0'), "NUL in the key {key:?}");
                is_storable(value);
            }
        }
        _ => {}
    }
}

/// What is set aside says why, and takes a bounded space.
pub(crate) fn keeps_bounds(unreadable: &[Unreadable]) {
    for item in unreadable {
        assert!(!item.reason.is_empty());
        assert!(
            item.reason.len() <= 1024,
            "a long reason: {}",
            item.reason.len()
        );
        assert!(item.kind.len() <= 200 && item.excerpt.len() <= 64 << 10);
        for text in [&item.kind, &item.reason, &item.excerpt] {
            assert!(!text.contains('\0'), "NUL in {text:?}");
        }
    }
}

/// Whoever is told of is found again, to be erased or handed out.
pub(crate) fn tells_whom(raw: &[u8], told: &Decoded) {
    if let Some(told) = told.sightings.first() {
        let contact = [told.fact.contact()].into();
        assert!(
            !items_about(raw, &contact).is_empty(),
            "told of, and not found"
        );
    }
}
