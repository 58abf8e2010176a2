//! Who was merged into whom, and when.
//!
//! A merge can be told more than once, and an id asked for late names the winner of winners: what
//! happened is made of all that was told, by time, so that the order of telling changes nothing.

use super::super::codec::time;
use crate::domain::{ContactId, Merge};
use crate::store::Result;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;

/// Keeps what was told; the earliest time is the merge's own, later ones are of questions.
/// Returns whether that is new.
pub(super) fn note(db: &Connection, loser: ContactId, winner: ContactId, at: i64) -> Result<bool> {
    let mut statement = db.prepare_cached(
        "INSERT INTO merge (loser, winner, at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at < at",
    )?;
    Ok(statement.execute(params![loser.0, winner.0, at])? == 1)
}

/// Whether it was ever told that a contact was merged away.
pub(super) fn is_loser(db: &Connection, contact: ContactId) -> Result<bool> {
    let mut told = db.prepare_cached("SELECT 1 FROM merge WHERE loser = ?1")?;
    Ok(told.exists([contact.0])?)
}

/// Calls `each` with all merges of each of the contacts (a list of ids as JSON), by time.
pub(in super::super) fn read_merges(
    db: &Connection,
    contacts: &str,
    mut each: impl FnMut(ContactId, Vec<Merge>),
) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT alias.winner, merge.at, merge.loser, merge.winner
         FROM alias JOIN merge ON merge.loser = alias.loser
         WHERE alias.winner IN (SELECT value FROM json_each(?1))",
    )?;
    let mut rows = statement.query([contacts])?;
    let mut told: BTreeMap<ContactId, Vec<Merge>> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        told.entry(ContactId(row.get(0)?)).or_default().push(Merge {
            at: time(row.get(1)?)?,
            loser: ContactId(row.get(2)?),
            winner: ContactId(row.get(3)?),
        });
    }
    for (contact, told) in told {
        each(contact, happened(told));
    }
    Ok(())
}

/// What happened, of what was told. A contact is merged away once: told again with another
/// winner, its former winner was merged on by then.
fn happened(mut told: Vec<Merge>) -> Vec<Merge> {
    told.sort_unstable();
    let mut winners: BTreeMap<ContactId, Merge> = BTreeMap::new();
    for merge in told {
        let loser = root(&winners, merge.loser);
        if loser != root(&winners, merge.winner) {
            winners.insert(loser, Merge { loser, ..merge });
        }
    }
    let mut merges: Vec<Merge> = winners.into_values().collect();
    merges.sort_unstable();
    merges
}

/// The winner of winners; ends, because no merge into an own loser is taken.
fn root(winners: &BTreeMap<ContactId, Merge>, mut contact: ContactId) -> ContactId {
    while let Some(merge) = winners.get(&contact) {
        contact = merge.winner;
    }
    contact
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may fail loudly")]

    use super::*;
    use jiff::Timestamp;
    use proptest::prelude::*;

    fn merge((loser, winner, at): (u32, u32, i64)) -> Merge {
        Merge {
            at: Timestamp::from_second(at).unwrap(),
            loser: ContactId(loser),
            winner: ContactId(winner),
        }
    }

    #[test]
    fn told_late_or_twice() {
        for (told, expected) in [
            (vec![(1, 2, 10)], vec![(1, 2, 10)]),
            (vec![(1, 2, 10), (2, 3, 20)], vec![(1, 2, 10), (2, 3, 20)]),
            // Asked for late, 1 was answered with 3: it tells nothing new.
            (
                vec![(1, 2, 10), (2, 3, 20), (1, 3, 30)],
                vec![(1, 2, 10), (2, 3, 20)],
            ),
            // Nobody told of 2: by second 30 it had become 3.
            (vec![(1, 2, 10), (1, 3, 30)], vec![(1, 2, 10), (2, 3, 30)]),
            (
                vec![(1, 2, 10), (2, 3, 20), (1, 4, 30)],
                vec![(1, 2, 10), (2, 3, 20), (3, 4, 30)],
            ),
            // A circle is no merge.
            (
                vec![(11, 12, 10), (11, 13, 30), (13, 11, 40)],
                vec![(11, 12, 10), (12, 13, 30)],
            ),
        ] {
            let found = happened(told.iter().copied().map(merge).collect());
            let expected: Vec<Merge> = expected.into_iter().map(merge).collect();
            assert_eq!(found, expected, "{told:?}");
        }
    }

    proptest! {
        #[test]
        fn nobody_is_merged_twice_or_into_himself(
            told in prop::collection::vec((0..6u32, 0..6u32, 0..9i64), 0..12),
        ) {
            let merges = happened(told.into_iter().map(merge).collect());
            let mut losers: Vec<_> = merges.iter().map(|merge| merge.loser).collect();
            losers.sort_unstable();
            losers.dedup();
            prop_assert_eq!(losers.len(), merges.len());
            prop_assert!(merges.iter().all(|merge| merge.loser != merge.winner));
        }
    }
}
