//! The same facts in any order, split in any way, some told twice: the same journal.

use super::give::*;
use crate::domain::{Activity, ContactId, Fact, Sighting, Snapshot, Source};
use crate::store::{Batch, ContactOverview, OUR_MARK, Origin, SharedStore};
use proptest::{prelude::*, sample::Index, test_runner::TestRunner};
use std::collections::BTreeSet;

const CONTACTS: u32 = 7;

/// A contact and when it happened: well before or well after our own looks, which are of second
/// 3000 (what is told around the time of a look makes it suspect, in whatever order).
fn when() -> impl Strategy<Value = i64> {
    prop_oneof![-1_000..-996i64, 7_000..7_004i64]
}

fn who() -> impl Strategy<Value = u32> {
    1..=CONTACTS
}

fn plain_fact() -> impl Strategy<Value = Fact> {
    let city = prop_oneof![Just("Bern"), Just("Chur")];
    let mark = prop_oneof![Just(format!("{OUR_MARK}1")), Just("API".to_owned())];
    prop_oneof![
        4 => (who(), 1..4u32, any::<bool>(), when()).prop_map(|(c, s, m, at)| member(c, s, m, at)),
        3 => (who(), when(), city, 0..3i64).prop_map(|(c, at, city, p)| profile(c, at, city, p)),
        1 => (who(), 0..9i64, when()).prop_map(|(c, points, at)| seen(c, points, at)),
        2 => (0..40u64, who(), 1..3u32, mark, when()).prop_map(|(row, c, g, mark, at)| {
            // A row's id says all of it.
            let row = ((row * 10 + u64::from(c)) * 10 + u64::from(g)) * 10_000
                + u64::try_from(at + 10_000).unwrap() * 2 + u64::from(mark == "API");
            logged(row, c, g, &mark, at)
        }),
        1 => (who(), when()).prop_map(|(c, at)| gone(c, at)),
    ]
}

/// Who was merged into whom, and who was deleted.
#[derive(Debug, Clone)]
struct Fates {
    /// For each contact but the last: distance to its winner.
    merged: Vec<Option<u32>>,
    /// For each contact: Mautic was asked again later and named the last winner of all.
    asked_again: Vec<bool>,
    deleted: Vec<bool>,
}

impl Fates {
    fn winner(&self, contact: u32) -> Option<u32> {
        let distance = (*self.merged.get(contact as usize - 1)?)?;
        Some((contact + distance).min(CONTACTS)).filter(|winner| *winner != contact)
    }

    fn root(&self, contact: u32) -> u32 {
        self.winner(contact)
            .map_or(contact, |winner| self.root(winner))
    }

    fn erased(&self, contact: u32) -> bool {
        let root = self.root(contact);
        (1..=CONTACTS).any(|c| self.deleted[c as usize - 1] && self.root(c) == root)
    }

    fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        for contact in 1..=CONTACTS {
            if let Some(winner) = self.winner(contact) {
                facts.push(merged(contact, winner, 5_000));
                if self.asked_again[contact as usize - 1] {
                    facts.push(merged(contact, self.root(contact), 5_001));
                    facts.push(merged(contact, winner, 4_990));
                }
            }
            if self.deleted[contact as usize - 1] {
                facts.push(deleted(contact, 6_000));
            }
        }
        facts
    }
}

fn fates() -> impl Strategy<Value = Fates> {
    let len = CONTACTS as usize;
    let merged = prop::collection::vec(prop::option::weighted(0.35, 1..4u32), len - 1);
    let again = prop::collection::vec(prop::bool::weighted(0.3), len);
    let deleted = prop::collection::vec(prop::bool::weighted(0.12), len);
    (merged, again, deleted).prop_map(|(merged, asked_again, deleted)| Fates {
        merged,
        asked_again,
        deleted,
    })
}

/// An activity as the poll and as the webhook tell it; either may be missing.
fn told_activity(fates: &Fates, key: u64, told: (u32, u32, i64, i64, u8)) -> Vec<(Source, Fact)> {
    let (by_hook, mut by_poll, hook_at, poll_at, which) = told;
    if fates.erased(by_hook) || fates.erased(by_poll) {
        // Whose activity it was is erased with the contact, so both must name the same.
        by_poll = by_hook;
    }
    // A row's two times are of the same minute.
    let poll_at = hook_at - hook_at.rem_euclid(1_000) + poll_at.rem_euclid(1_000);
    let mut polled: Activity = hit(key, by_poll, poll_at);
    polled.attributes.insert("left_at".into(), "x".into());
    polled.attributes.insert("code".into(), "404".into());
    let mut hooked: Activity = hit(key, by_hook, hook_at);
    hooked.attributes.insert("title".into(), "Ofen".into());
    let both = [
        (Source::Poll, Fact::Activity(polled)),
        (Source::Webhook, Fact::Activity(hooked)),
    ];
    match which {
        0 => both[..1].to_vec(),
        1 => both[1..].to_vec(),
        _ => both.to_vec(),
    }
}

#[derive(Clone)]
struct Story {
    facts: Vec<(Source, Fact)>,
    /// The order of the second telling, which repeats some.
    again: Vec<Index>,
    batches: usize,
    /// Contacts that were known, scored and written before all that.
    known: BTreeSet<u32>,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "known {:?}, {} batches", self.known, self.batches)?;
        for (source, fact) in &self.facts {
            writeln!(f, "{source:?} {}", serde_json::to_string(fact).unwrap())?;
        }
        write!(f, "told again: {:?}", self.again)
    }
}

fn story() -> impl Strategy<Value = Story> {
    let told = (who(), who(), when(), when(), 0..3u8);
    (
        fates(),
        prop::collection::vec(told, 0..12),
        prop::collection::vec(plain_fact(), 0..25),
        prop::collection::btree_set(who(), 0..4),
        prop::collection::vec(any::<Index>(), 0..40),
        1..5usize,
    )
        .prop_map(|(fates, activities, plain, known, again, batches)| {
            let mut facts: Vec<(Source, Fact)> = Vec::new();
            for (key, told) in (1..).zip(activities) {
                facts.extend(told_activity(&fates, key, told));
            }
            let others = plain.into_iter().chain(fates.facts());
            facts.extend(others.map(|fact| (Source::Poll, fact)));
            Story {
                facts,
                again,
                batches,
                known,
            }
        })
        .prop_flat_map(|story| {
            (Just(story.facts.clone()).prop_shuffle(), Just(story))
                .prop_map(|(facts, story)| Story { facts, ..story })
        })
}

/// Everything that must not depend on the order.
#[derive(Debug, PartialEq)]
struct Known {
    snapshots: Vec<Snapshot>,
    overviews: Vec<Option<ContactOverview>>,
    resolved: Vec<Option<ContactId>>,
    gone: Vec<ContactId>,
    counts: (u64, u64, u64, u64, u64, u64),
}

fn differences(one: &Known, two: &Known) -> Vec<(&'static str, String, String)> {
    let show = |what: &dyn std::fmt::Debug| format!("{what:?}");
    let pairs = [
        ("counts", show(&one.counts), show(&two.counts)),
        ("resolved", show(&one.resolved), show(&two.resolved)),
        ("gone", show(&one.gone), show(&two.gone)),
        ("snapshots", show(&one.snapshots), show(&two.snapshots)),
        ("overviews", show(&one.overviews), show(&two.overviews)),
    ];
    pairs
        .into_iter()
        .filter(|(_, one, two)| one != two)
        .collect()
}

async fn known(store: &SharedStore) -> Known {
    let ids: Vec<ContactId> = (1..=CONTACTS).map(ContactId).collect();
    let counts = store.counts().await.unwrap();
    let mut known = Known {
        snapshots: store.snapshots(&ids).await.unwrap(),
        overviews: Vec::new(),
        resolved: Vec::new(),
        gone: store.unresolved_gone(99, at(9_000)).await.unwrap(),
        counts: (
            counts.contacts,
            counts.activities,
            counts.pending_intents,
            counts.writes,
            counts.merged,
            counts.deleted,
        ),
    };
    for id in ids {
        known
            .overviews
            .push(store.contact_overview(id).await.unwrap());
        known.resolved.push(store.resolve(id).await.unwrap());
    }
    known
}

async fn live(store: &SharedStore, told: &Story, facts: &[(Source, Fact)]) -> Known {
    for contact in &told.known {
        want(
            store,
            *contact,
            &[
                (group(1), 5),
                (group(3), 0),
                (segment(1), 1),
                (segment(2), 0),
            ],
        )
        .await;
    }
    write_all(store).await;
    clean_all_but_targets(store, &told.known).await;
    let before = store
        .snapshots(&(1..=CONTACTS).map(ContactId).collect::<Vec<_>>())
        .await
        .unwrap();
    for part in facts.chunks(facts.len().div_ceil(told.batches).max(1)) {
        let sightings = part.iter().map(|(source, fact)| Sighting {
            source: *source,
            fact: fact.clone(),
        });
        let batch = Batch {
            sightings: sightings.collect(),
            ..batch(Origin::Poll(Vec::new()), vec![])
        };
        store.apply(batch).await.unwrap();
    }
    let known = known(store).await;
    let dirty = dirty_contacts(store).await;
    for snapshot in &known.snapshots {
        let same = before.contains(snapshot);
        let told = snapshot.profile.is_some()
            || !snapshot.activities.is_empty()
            || !snapshot.segments.is_empty();
        assert!(
            same || !told || only_ours(&before, snapshot) || dirty.contains(&snapshot.contact.0),
            "contact {} changed and is not dirty",
            snapshot.contact
        );
    }
    known
}

/// Whether nothing but memberships that we want anyway changed.
fn only_ours(before: &[Snapshot], after: &Snapshot) -> bool {
    let Some(before) = before.iter().find(|before| before.contact == after.contact) else {
        return false;
    };
    let mut before = before.clone();
    before.segments.insert(crate::domain::SegmentId(1));
    before.segments.remove(&crate::domain::SegmentId(2));
    before == *after
}

/// Contacts are clean, with the targets that they have.
async fn clean_all_but_targets(store: &SharedStore, contacts: &BTreeSet<u32>) {
    let dirty = dirty_contacts(store).await;
    assert!(dirty.iter().all(|contact| contacts.contains(contact)));
    for contact in contacts {
        want(
            store,
            *contact,
            &[
                (group(1), 5),
                (group(3), 0),
                (segment(1), 1),
                (segment(2), 0),
            ],
        )
        .await;
    }
}

/// Runs stories against pairs of fresh stores.
pub(crate) fn any_order<Guard, Opened>(open: impl Fn() -> Opened)
where
    Opened: Future<Output = (SharedStore, Guard)>,
{
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut config = ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 40; // each opens two stores on disk
    }
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&story(), |story| {
        let mut retold: Vec<(Source, Fact)> = story.facts.iter().rev().cloned().collect();
        for index in &story.again {
            if !story.facts.is_empty() {
                let place = index.index(retold.len() + 1);
                retold.insert(place, index.get(&story.facts).clone());
            }
        }
        let (once, again) = runtime.block_on(async {
            let (one, _one) = open().await;
            let (two, _two) = open().await;
            (
                live(&one, &story, &story.facts).await,
                live(&two, &story, &retold).await,
            )
        });
        for (what, one, two) in differences(&once, &again) {
            prop_assert_eq!(one, two, "{}", what);
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}
