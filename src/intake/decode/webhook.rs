//! A delivery's body: event types, each with a list of items.

use super::{Decoded, EventType, Fault, Unreadable, item};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};
use std::fmt;

/// Decodes the raw body of a delivery, to be called after its signature was checked.
///
/// An item that can't be understood is set aside with its reason, its neighbours go on. A test
/// delivery (it has a `timestamp` at the top: FACTS 13) tells nothing.
#[must_use]
pub fn body(raw: &[u8]) -> Decoded {
    let mut decoded = Decoded::default();
    let Types(types) = match read(raw) {
        Ok(types) => types,
        Err(fault) => {
            let text = String::from_utf8_lossy(raw);
            decoded.set_aside("?", &fault, &text);
            return decoded;
        }
    };
    if types
        .iter()
        .any(|(name, value)| name == "timestamp" && value.get().starts_with('"'))
    {
        decoded.ignored += 1;
        return decoded;
    }
    for (name, value) in types {
        of_type(&mut decoded, &name, value);
    }
    decoded
}

/// What is parked when decoding a delivery failed in an unforeseen way.
#[must_use]
pub fn error_item(raw: &[u8]) -> Unreadable {
    let reason = "decoding failed unexpectedly: this is a mistake in topicscore; \
                  please report it, and retry the parked items after an upgrade";
    Unreadable::new("?", &reason, &String::from_utf8_lossy(raw))
}

fn read(raw: &[u8]) -> Result<Types<'_>, Fault> {
    serde_json::from_slice(raw).map_err(|error| {
        if error.is_data() {
            Fault::NoDelivery
        } else {
            Fault::Json(error.to_string())
        }
    })
}

/// All items with their event types, whatever they are; `None` if it is no delivery.
pub(super) fn items(raw: &[u8]) -> Option<Vec<(String, &RawValue)>> {
    let Types(types) = read(raw).ok()?;
    let mut items = Vec::new();
    for (name, value) in types {
        match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
            Ok(list) => items.extend(list.into_iter().map(|item| (name.clone(), item))),
            Err(_) => items.push((name, value)),
        }
    }
    Some(items)
}

fn of_type(decoded: &mut Decoded, name: &str, value: &RawValue) {
    let Some(event) = EventType::named(name) else {
        decoded.set_aside(name, &Fault::UnknownType, value.get());
        return;
    };
    match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
        Ok(items) => {
            for raw in items {
                one(decoded, event, raw);
            }
        }
        // The test button sends an object where a real delivery has a list.
        Err(_) if value.get().starts_with('{') => decoded.ignored += 1,
        Err(_) => {
            let fault = Fault::wrong("the event", "a list of items", value.get());
            decoded.set_aside(name, &fault, value.get());
        }
    }
}

pub(super) fn one(decoded: &mut Decoded, event: EventType, raw: &RawValue) {
    let mut told = Decoded::default();
    let fault = match serde_json::from_str::<Value>(raw.get()) {
        Ok(value) if value.is_object() => item::decode(&mut told, event, &value).err(),
        Ok(_) => Some(Fault::wrong("the item", "an object", raw.get())),
        Err(error) => Some(Fault::Json(error.to_string())),
    };
    match fault {
        None => decoded.append(told),
        // All of an item or nothing: what is retried later must not be half there.
        Some(fault) => decoded.set_aside(event.name(), &fault, raw.get()),
    }
}

/// The top of a body; a key that comes twice is kept twice.
struct Types<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Types<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_map(TypesVisitor)
    }
}

struct TypesVisitor;

impl<'de> Visitor<'de> for TypesVisitor {
    type Value = Types<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of event types")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        /// Mautic has 14 types.
        const MOST: usize = 1000;
        let mut types = Vec::new();
        while let Some(entry) = map.next_entry()? {
            if types.len() == MOST {
                return Err(A::Error::custom("too many event types"));
            }
            types.push(entry);
        }
        Ok(Types(types))
    }
}
