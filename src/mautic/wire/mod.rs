//! Mautic's JSON as it really is: numbers that are strings, objects that are lists when empty,
//! missing keys for null. PURE.

mod contact;
mod failure;
mod objects;
mod page;
mod report;
mod stats;
mod tolerant;

pub use contact::{Contact, Details};
pub use failure::{Failure, failure};
pub use objects::{
    ContactField, GroupScore, Hook, Item, LandingPage, Me, Membership, PointAction, PointGroup,
    Role, Segment, Trigger, TriggerEvent,
};
pub use page::Page;
pub use report::{Report, ReportPage};
pub use stats::{StatsFault, StatsPage, StatsRow};
pub use tolerant::{date, excerpt, flag, id, integer, naive_utc, text};

use serde::de::DeserializeOwned;
use serde_json::Value;

/// The single entity of an answer: `{"contact": {…}}`.
///
/// # Errors
/// What is missing or wrong, for people.
pub fn entity<T: DeserializeOwned>(mut answer: Value, key: &str) -> Result<T, String> {
    let found = answer.get_mut(key).map(Value::take);
    let inner = found.ok_or_else(|| format!("no \"{key}\" in it"))?;
    serde_json::from_value(inner).map_err(|error| format!("\"{key}\": {error}"))
}
