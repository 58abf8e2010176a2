//! Lists: `{"total": 14, "points": […]}` or `{"total": "211", "contacts": {"5": {…}}}`.

use super::tolerant::{integer, items};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// Entities on all pages; Mautic may have counted them some seconds ago (FACTS 110).
    pub total: u64,
    /// The entities of this page, in the order asked for.
    pub items: Vec<T>,
}

impl<T: DeserializeOwned> Page<T> {
    /// Reads an answer whose list is called `key`: a list, or an object keyed by id.
    ///
    /// # Errors
    /// What is missing or wrong, for people.
    pub fn read(mut answer: Value, key: &str) -> Result<Self, String> {
        let list = answer.get_mut(key).map(Value::take);
        let list = list.ok_or_else(|| format!("no \"{key}\" in it"))?;
        if !(list.is_array() || list.is_object()) {
            return Err(format!("\"{key}\" is no list"));
        }
        let items: Vec<T> = items(list).map_err(|error| format!("\"{key}\": {error}"))?;
        let total = answer.get("total").and_then(integer);
        Ok(Self {
            total: total
                .and_then(|total| u64::try_from(total).ok())
                .unwrap_or(items.len() as u64),
            items,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_and_objects_keyed_by_id() {
        let read = |answer| Page::<u32>::read(answer, "lists");
        for (answer, total, items) in [
            (json!({"total": 14, "lists": [2, 1]}), 14, vec![2, 1]),
            (
                json!({"total": "211", "lists": {"9": 9, "5": 5}}),
                211,
                vec![9, 5],
            ),
            (json!({"total": "0", "lists": {}}), 0, vec![]),
            (json!({"total": 0, "lists": []}), 0, vec![]),
            (json!({"lists": [7]}), 1, vec![7]),
        ] {
            assert_eq!(read(answer.clone()), Ok(Page { total, items }), "{answer}");
        }
        for wrong in [
            json!({"total": 0}),
            json!([]),
            json!({"lists": null}),
            json!({"lists": ["x"]}),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
