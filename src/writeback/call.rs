//! Intents to calls. PURE.

use crate::domain::{ContactId, ContactIntents, GroupId, Intent, SegmentId, Target};
use std::collections::BTreeMap;

/// Most contacts in one batch add: 200 take Mautic about 0.6 s (LATENCY).
const BATCH_ADD: usize = 200;

/// What to do about one intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Mautic holds the value already.
    Nothing,
    /// Set the group score.
    SetGroup(GroupId),
    /// Add to the segment, together with others.
    Add(SegmentId),
    /// Remove from the segment.
    Remove(SegmentId),
}

/// The call for one intent. `seen` are the contact's group scores if they were just read; a group
/// without a score reads as 0 to people and is out of every segment filter, but a desired 0 needs
/// no row (FACTS 26, 37).
#[must_use]
pub fn call_for(intent: &Intent, seen: Option<&BTreeMap<GroupId, i32>>) -> Call {
    match intent.target {
        Target::Group(group) => {
            let holds = match seen {
                Some(scores) => Some(scores.get(&group).copied().unwrap_or(0)),
                None if intent.suspect => None,
                None => intent.observed,
            };
            if holds == Some(intent.desired) {
                Call::Nothing
            } else {
                Call::SetGroup(group)
            }
        }
        // Points are added, not set.
        Target::Points => Call::Nothing,
        Target::Segment(segment) if intent.desired == 0 => Call::Remove(segment),
        Target::Segment(segment) => Call::Add(segment),
    }
}

/// Whether a contact's group scores must be read before they are written: somebody else may have
/// changed them, or they were never seen. Reading is cheaper than writing, and even a `set` that
/// changes nothing makes Mautic evaluate its triggers (FACTS 29, 43).
#[must_use]
pub fn must_look(intents: &[Intent]) -> bool {
    intents.iter().any(|intent| {
        matches!(intent.target, Target::Group(_))
            && !intent.way.adds()
            && (intent.suspect || intent.observed.is_none())
    })
}

/// Contacts to be added, by segment, in batches that Mautic takes well.
#[must_use]
pub fn segment_adds(claimed: &[ContactIntents]) -> Vec<(SegmentId, Vec<(ContactId, Intent)>)> {
    let mut by_segment: BTreeMap<SegmentId, Vec<(ContactId, Intent)>> = BTreeMap::new();
    for contact in claimed {
        for intent in &contact.intents {
            if let Call::Add(segment) = call_for(intent, None) {
                by_segment
                    .entry(segment)
                    .or_default()
                    .push((contact.contact, intent.clone()));
            }
        }
    }
    by_segment
        .into_iter()
        .flat_map(|(segment, adds)| {
            adds.chunks(BATCH_ADD)
                .map(|chunk| (segment, chunk.to_vec()))
                .collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::*;
    use crate::domain::Urgency;

    fn intent(target: &str, desired: i32, observed: Option<i32>, suspect: bool) -> Intent {
        Intent {
            target: target.parse().unwrap(),
            way: crate::domain::Way::Set,
            known: None,
            desired,
            observed,
            suspect,
            generation: 1,
            attempts: 0,
            reason: String::new(),
            caused_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            urgency: Urgency::Fresh,
        }
    }

    #[test]
    fn writes_only_where_desired_differs_from_observed() {
        let seen = |score: Option<i32>| score.map(|s| BTreeMap::from([(GroupId(3), s)]));
        let set = Call::SetGroup(GroupId(3));
        let table = [
            (intent("group:3", 5, None, false), None, set),
            (intent("group:3", 5, Some(4), false), None, set),
            (intent("group:3", 5, Some(5), true), None, set),
            (
                intent("group:3", 5, Some(4), true),
                seen(Some(5)),
                Call::Nothing,
            ),
            (intent("group:3", 5, Some(5), true), seen(Some(6)), set),
            (
                intent("group:3", 0, Some(5), true),
                Some(BTreeMap::new()),
                Call::Nothing,
            ),
            (
                intent("segment:7", 1, None, false),
                None,
                Call::Add(SegmentId(7)),
            ),
            (
                intent("segment:7", 0, Some(1), false),
                None,
                Call::Remove(SegmentId(7)),
            ),
        ];
        for (intent, seen, expected) in table {
            assert_eq!(
                call_for(&intent, seen.as_ref()),
                expected,
                "{intent:?} seen {seen:?}"
            );
        }
    }

    #[test]
    fn adds_are_batched_by_segment() {
        let claimed: Vec<_> = (1..=250)
            .map(|id| ContactIntents {
                contact: ContactId(id),
                intents: vec![
                    intent("segment:7", 1, None, false),
                    intent("group:3", 1, None, false),
                ],
            })
            .collect();
        let batches = segment_adds(&claimed);
        let sizes: Vec<_> = batches
            .iter()
            .map(|(segment, adds)| (segment.0, adds.len()))
            .collect();
        assert_eq!(sizes, [(7, 200), (7, 50)]);
    }
}
