//! Who did what before a merge, the merges themselves, and Mautic's own points.

use super::give::*;
use crate::domain::{ContactId, Fact, Merge, PointsLogRow, Source};
use crate::store::{OUR_MARK, SharedStore};

async fn done_by(store: &SharedStore, contact: u32) -> Vec<(String, u32)> {
    let snapshot = snapshot(store, contact).await.unwrap();
    let pairs = snapshot.done_by.into_iter();
    pairs.map(|(key, contact)| (key.0, contact.0)).collect()
}

fn pairs(expected: &[(&str, u32)]) -> Vec<(String, u32)> {
    let pair = |(key, contact): &(&str, u32)| ((*key).to_owned(), *contact);
    expected.iter().map(pair).collect()
}

pub(crate) async fn a_merge_keeps_who_did_it(store: SharedStore) {
    tell(&store, [did(1, 1, 5), did(2, 2, 6), did(3, 3, 7)]).await;
    assert_eq!(done_by(&store, 1).await, []);
    tell(&store, [merged(1, 2, 20)]).await;
    assert_eq!(done_by(&store, 2).await, pairs(&[("hit:1", 1)]));
    // A second merge moves all of it, and what is told late of a loser is the loser's doing.
    tell(&store, [merged(2, 3, 30), did(4, 1, 8), did(5, 2, 9)]).await;
    let all = [("hit:1", 1), ("hit:2", 2), ("hit:4", 1), ("hit:5", 2)];
    assert_eq!(done_by(&store, 3).await, pairs(&all));
}

pub(crate) async fn a_webhook_knows_best_who_did_it_then(store: SharedStore) {
    tell(&store, [merged(1, 2, 20)]).await;
    for (first, second, told, expected) in [
        (Source::Poll, Source::Webhook, (2, 1), Some(1)),
        (Source::Poll, Source::Webhook, (1, 2), None),
        (Source::Webhook, Source::Poll, (1, 2), Some(1)),
        (Source::Webhook, Source::Poll, (2, 1), None),
        (Source::Poll, Source::Poll, (1, 2), Some(1)),
        (Source::Webhook, Source::Webhook, (1, 2), Some(1)),
    ] {
        let case = format!("{first:?} {second:?} {told:?}");
        let key = snapshot(&store, 2).await.unwrap().activities.len() as u64;
        tell_by(&store, first, did(key, told.0, 5)).await;
        clean(&store).await;
        let known = tell_by(&store, second, did(key, told.1, 5)).await;
        let changed = first == Source::Poll && second == Source::Webhook;
        assert_eq!(known.dirty_contacts, u64::from(changed), "{case}");
        let snapshot = snapshot(&store, 2).await.unwrap();
        let found = snapshot.done_by.get(&hit(key, 2, 5).key);
        assert_eq!(found.copied(), expected.map(ContactId), "{case}");
    }
}

async fn merges(store: &SharedStore, contact: u32) -> Vec<Merge> {
    snapshot(store, contact).await.unwrap().merges
}

fn merge(loser: u32, winner: u32, second: i64) -> Merge {
    Merge {
        at: at(second),
        loser: id(loser),
        winner: id(winner),
    }
}

pub(crate) async fn merges_with_the_winner_of_then(store: SharedStore) {
    let told = [merged(2, 3, 30), merged(1, 2, 20), merged(5, 6, 25)];
    tell(&store, told).await;
    let all = [merge(1, 2, 20), merge(2, 3, 30)];
    assert_eq!(merges(&store, 3).await, all);
    assert_eq!(merges(&store, 6).await, [merge(5, 6, 25)]);
    // Told again, later or of the winner of winners, it is the same merge.
    tell(&store, [merged(1, 2, 22), merged(1, 3, 40)]).await;
    assert_eq!(merges(&store, 3).await, all);
}

pub(crate) async fn a_merge_is_dated_by_who_tells_it_earliest(store: SharedStore) {
    tell(&store, [merged(1, 2, 50)]).await;
    clean(&store).await;
    // The audit log comes after the question.
    let told = tell(&store, [merged(1, 2, 20)]).await;
    assert_eq!(
        (told.dirty_contacts, dirty_contacts(&store).await),
        (1, vec![2])
    );
    assert_eq!(merges(&store, 2).await, [merge(1, 2, 20)]);
    clean(&store).await;
    assert_eq!(tell(&store, [merged(1, 2, 50)]).await.dirty_contacts, 0);
    assert_eq!(merges(&store, 2).await, [merge(1, 2, 20)]);
}

pub(crate) async fn merges_of_the_erased_are_forgotten(store: SharedStore) {
    tell(&store, [merged(1, 2, 20), deleted(2, 30), merged(1, 2, 10)]).await;
    assert_eq!(tell(&store, [merged(2, 3, 40)]).await.dirty_contacts, 0);
    assert_eq!(snapshot(&store, 2).await, None);
    assert_eq!(snapshot(&store, 3).await, None);
}

fn main_points(row: u64, contact: u32) -> Fact {
    Fact::PointsLog(PointsLogRow {
        group: None,
        ..logged_row(row, contact, 3, "API", 7)
    })
}

pub(crate) async fn points_that_are_not_ours_are_a_ledger(store: SharedStore) {
    tell(&store, [did(1, 1, 5), did(2, 2, 5)]).await;
    clean(&store).await;
    for (fact, dirty) in [
        (logged(9, 1, 3, "5: form", 6), 1),
        (logged(9, 1, 3, "5: form", 6), 0),
        (logged(8, 1, 3, &format!("{OUR_MARK}p1"), 7), 0),
        (main_points(7, 1), 1),
        (logged(6, 2, 4, "", 8), 1),
    ] {
        let told = tell(&store, [fact.clone()]).await;
        assert_eq!(told.dirty_contacts, dirty, "{fact:?}");
        clean(&store).await;
    }
    let rows = |of: Vec<crate::domain::LedgerRow>| -> Vec<(u64, u32, u32)> {
        let row = |row: crate::domain::LedgerRow| (row.row.id, row.row.contact.0, row.done_by.0);
        of.into_iter().map(row).collect()
    };
    let ledger = snapshot(&store, 1).await.unwrap().ledger;
    assert_eq!(ledger[1].row, logged_row(9, 1, 3, "5: form", 6));
    assert_eq!(rows(ledger), [(7, 1, 1), (9, 1, 1)]);

    tell(&store, [merged(1, 2, 20), logged(10, 1, 3, "late", 6)]).await;
    // Read again after the merge, Mautic's table names the winner.
    tell(&store, [logged(9, 2, 3, "5: form", 6)]).await;
    let ledger = snapshot(&store, 2).await.unwrap().ledger;
    assert_eq!(rows(ledger), [(6, 2, 2), (7, 2, 1), (9, 2, 1), (10, 2, 1)]);
}
