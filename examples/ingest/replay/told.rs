//! What the webhooks of a recording told of each contact last, as evidence for causes.

use super::{journal::of_profile, recording::Recording};
use jiff::Timestamp;
use std::collections::BTreeMap;
use topicscore::{
    domain::{ContactId, Fact},
    intake::decode,
};

/// What was told of a contact at a time: values by name, as in the journal's statements.
#[derive(Debug)]
struct Showing {
    at: Timestamp,
    /// Everything of a contact, or one thing.
    whole: bool,
    values: BTreeMap<String, String>,
}

/// What webhooks told of contacts, by the id that they stand for at the end.
#[derive(Debug, Default)]
pub(crate) struct Told(BTreeMap<u32, Vec<Showing>>);

impl Told {
    /// Decodes all deliveries once more.
    pub(crate) fn by_webhooks(recording: &Recording) -> Self {
        let mut told = Self::default();
        for delivery in &recording.deliveries {
            let decoded = decode::body(delivery.body_raw.as_bytes());
            for sighting in decoded.sightings {
                told.fact(sighting.fact);
            }
            // Read whole from Mautic afterwards, by the id alone.
            for contact in decoded.incomplete {
                if let Some(shown) = recording.contacts.get(&contact.0) {
                    let profile = decode::profile(shown, recording.after);
                    if let Ok(profile) = profile {
                        told.fact(Fact::Profile(Box::new(profile)));
                    }
                }
            }
        }
        told
    }

    fn fact(&mut self, fact: Fact) {
        let mut values = BTreeMap::new();
        let (contact, at, whole) = match fact {
            Fact::Profile(profile) => {
                of_profile(&profile, &mut |what: &str, value| {
                    values.insert(what.to_owned(), value);
                });
                values.insert("main points".to_owned(), profile.points.to_string());
                (profile.contact, profile.as_of, true)
            }
            Fact::PointsSeen {
                contact,
                points,
                at,
            } => {
                values.insert("main points".to_owned(), points.to_string());
                (contact, at, false)
            }
            Fact::Membership {
                contact,
                segment,
                member,
                at,
            } => {
                let value = if member { "in" } else { "out" };
                values.insert(format!("segment {segment}"), value.to_owned());
                (contact, at, false)
            }
            _ => return,
        };
        self.showings(contact).push(Showing { at, whole, values });
    }

    fn showings(&mut self, contact: ContactId) -> &mut Vec<Showing> {
        self.0.entry(contact.0).or_default()
    }

    /// Whether any webhook showed the contact's profile.
    pub(crate) fn shows(&self, contact: u32) -> bool {
        let showings = self.0.get(&contact).into_iter().flatten();
        showings.into_iter().any(|showing| showing.whole)
    }

    /// The values told in the last second in which anything was told of it.
    pub(crate) fn newest(&self, contact: u32, what: &str) -> Vec<Option<String>> {
        let is_segment = what.starts_with("segment ");
        let speaks = |showing: &&Showing| {
            showing.values.contains_key(what) || (showing.whole && !is_segment)
        };
        let all = self.0.get(&contact).into_iter().flatten();
        let of_it: Vec<_> = all.filter(speaks).collect();
        let last = of_it.iter().map(|showing| showing.at).max();
        let newest = of_it.iter().filter(|showing| Some(showing.at) == last);
        let value = |showing: &&Showing| {
            let value = showing.values.get(what).cloned();
            value.filter(|value| value != "out")
        };
        newest.map(value).collect()
    }
}
