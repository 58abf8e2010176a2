//! Ids that vanish: merged away or erased.

use super::give::*;
use crate::domain::Fact;
use crate::store::{Applied, Origin, SharedStore};

async fn resolve(store: &SharedStore, contact: u32) -> Option<u32> {
    let found = store.resolve(id(contact)).await.unwrap();
    found.map(|contact| contact.0)
}

async fn unresolved(store: &SharedStore) -> Vec<u32> {
    let ids = store.unresolved_gone(10, at(100)).await.unwrap();
    ids.into_iter().map(|contact| contact.0).collect()
}

/// Mautic says so.
async fn polled(store: &SharedStore, facts: Vec<Fact>) {
    let batch = batch(Origin::Poll(Vec::new()), facts);
    store.apply(batch).await.unwrap();
}

pub(crate) async fn gone_until_resolved(store: SharedStore) {
    let vanished = vec![gone(3, 9), gone(2, 7), gone(1, 7), gone(1, 99), gone(4, 5)];
    polled(&store, vanished).await;
    assert_eq!(unresolved(&store).await, [4, 1, 2, 3]);
    assert_eq!(store.unresolved_gone(2, at(100)).await.unwrap().len(), 2);
    assert_eq!(resolve(&store, 1).await, Some(1), "until it is known");
    tell(&store, [merged(1, 9, 10), deleted(2, 10)]).await;
    assert_eq!(unresolved(&store).await, [4, 3]);
    tell(&store, [gone(1, 11), gone(2, 11)]).await;
    assert_eq!(unresolved(&store).await, [4, 3]);
}

pub(crate) async fn gone_put_off_come_last(store: SharedStore) {
    polled(&store, vec![gone(1, 5), gone(2, 6), gone(3, 7)]).await;
    let some = [id(1), id(2), id(9)];
    store.put_off_gone(&some, at(101)).await.unwrap();
    store.put_off_gone(&some[1..2], at(100)).await.unwrap();
    assert_eq!(unresolved(&store).await, [3, 2], "at second 100");
    let all = store.unresolved_gone(10, at(101)).await.unwrap();
    assert_eq!(
        all,
        [id(3), id(2), id(1)],
        "an id never gone is not among them"
    );
    // Told once more it is no newer.
    tell(&store, [gone(1, 8), deleted(3, 9)]).await;
    assert_eq!(unresolved(&store).await, [2]);
}

/// A Mautic restored from a backup does not know everybody either, and is noticed soon.
pub(crate) async fn who_is_missed_by_us_alone_is_asked_about_later(store: SharedStore) {
    tell(&store, [gone(1, 5), gone(2, 6)]).await;
    polled(&store, vec![gone(3, 7)]).await;
    // Told at second 1000; missing once more he is not put off any longer.
    for (second, expected) in [(1_599, vec![3]), (1_600, vec![3, 1, 2])] {
        let found = store.unresolved_gone(10, at(second)).await.unwrap();
        let found: Vec<u32> = found.into_iter().map(|contact| contact.0).collect();
        assert_eq!(found, expected, "at second {second}");
        tell_at(&store, second, vec![gone(1, second)]).await;
    }
    // As if it had just begun to be missed: the polls begin anew.
    store
        .end_leases_of_the_dead(at(1_600), at(1_600))
        .await
        .unwrap();
    let found = store.unresolved_gone(10, at(2_199)).await.unwrap();
    assert_eq!(found, [id(3)]);
    // Mautic says so, too: nothing is left to be waited for.
    polled(&store, vec![gone(1, 8)]).await;
    let found = store.unresolved_gone(10, at(2_000)).await.unwrap();
    assert_eq!(found, [id(1), id(3)]);
}

pub(crate) async fn who_is_there_after_all_is_asked_about_no_more(store: SharedStore) {
    let left = async |second: i64| {
        let found = store.unresolved_gone(10, at(9_000)).await.unwrap();
        let found: Vec<u32> = found.into_iter().map(|contact| contact.0).collect();
        (second, found)
    };
    polled(&store, vec![gone(1, 1_000)]).await;
    tell(&store, [gone(2, 1_000)]).await;
    let shown = |second| vec![profile(1, second, "Bern", 0), profile(2, second, "Bern", 0)];
    polled(&store, shown(1_100)).await;
    assert_eq!(left(1_100).await, (1_100, vec![1, 2]), "not asked for");
    tell_at(&store, 1_200, shown(1_200)).await;
    assert_eq!(
        left(1_200).await,
        (1_200, vec![1]),
        "Mautic tells before it deletes"
    );
    tell_at(&store, 4_600, shown(4_600)).await;
    assert_eq!(left(4_600).await, (4_600, vec![]));
}

pub(crate) async fn everything_moves_to_the_winner(store: SharedStore) {
    want(&store, 1, &[(group(3), 5), (segment(4), 1)]).await;
    want(&store, 2, &[(group(3), 7), (segment(4), 1)]).await;
    write_all(&store).await;
    tell(
        &store,
        [
            member(1, 8, true, 10),
            logged(1, 1, 6, "API", 1),
            did(1, 1, 9),
        ],
    )
    .await;
    clean(&store).await;
    want(&store, 2, &[(group(3), 7), (segment(4), 1)]).await;
    tell_at(&store, 900, vec![did(2, 1, 9)]).await;

    let told = tell(&store, [merged(1, 2, 20)]).await;
    assert_eq!(told.dirty_contacts, 1);
    assert_eq!(dirty_contacts(&store).await, [2]);
    assert_eq!(
        claim_dirty(&store).await[0].since,
        at(900),
        "the loser's mark moved"
    );
    assert_eq!(resolve(&store, 1).await, Some(2));
    assert_eq!(
        keys(&store, 2).await,
        ["hit:10001", "hit:10002", "hit:1", "hit:2"]
    );
    let winner = snapshot(&store, 2).await.unwrap();
    assert!(winner.segments.iter().any(|segment| segment.0 == 8));
    assert_eq!(winner.fired.len(), 1);
    assert_eq!(
        snapshot(&store, 1).await,
        None,
        "no contact of its own any more"
    );
    assert_eq!(
        state(&store, 2, group(3)).await,
        (Some(7), Some(7), true, true)
    );
    assert_eq!(state(&store, 2, group(6)).await, (None, None, true, false));
    assert_eq!(
        state(&store, 2, segment(8)).await,
        (None, Some(1), false, false)
    );

    let overview = store.contact_overview(id(1)).await.unwrap().unwrap();
    assert_eq!(
        (overview.contact, overview.merged_from),
        (id(2), vec![id(1)])
    );
    let writes = store.contact_writes(id(2), 10).await.unwrap();
    assert_eq!(
        writes.len(),
        4,
        "the loser's writes are the winner's history"
    );
    let counts = store.counts().await.unwrap();
    assert_eq!((counts.contacts, counts.merged, counts.scores), (1, 1, 1));

    clean(&store).await;
    assert_eq!(tell(&store, [merged(1, 2, 20)]).await, Applied::default());
    let late = tell(&store, [did(3, 1, 9)]).await;
    assert_eq!((late.new_activities, late.dirty_contacts), (1, 1));
    assert_eq!(keys(&store, 2).await.len(), 5);
}

pub(crate) async fn chains_are_followed(store: SharedStore) {
    tell(
        &store,
        [
            did(1, 1, 5),
            merged(1, 2, 10),
            merged(3, 4, 10),
            merged(2, 3, 11),
        ],
    )
    .await;
    tell(&store, [did(2, 1, 6), did(3, 2, 7), did(4, 3, 8)]).await;
    for contact in 1..=4 {
        assert_eq!(resolve(&store, contact).await, Some(4));
    }
    assert_eq!(keys(&store, 4).await, ["hit:1", "hit:2", "hit:3", "hit:4"]);
    assert_eq!(store.contact_ids(None, 10).await.unwrap(), [id(4)]);
    let overview = store.contact_overview(id(2)).await.unwrap().unwrap();
    assert_eq!(overview.merged_from, [id(1), id(2), id(3)]);
}

pub(crate) async fn a_losers_profile_and_points_go(store: SharedStore) {
    tell(&store, [profile(2, 5, "Bern", 3), profile(1, 9, "Chur", 8)]).await;
    tell(
        &store,
        [merged(1, 2, 20), profile(1, 30, "Chur", 9), seen(1, 10, 31)],
    )
    .await;
    let overview = store.contact_overview(id(2)).await.unwrap().unwrap();
    assert_eq!(overview.profile.unwrap().field("city"), Some("Bern"));
    assert_eq!(overview.observed_points, Some(3));
}

pub(crate) async fn late_answers_name_former_winners(store: SharedStore) {
    // 1 was merged into 2, 2 into 3; asked for 1 at second 30, Mautic named 3.
    tell(&store, [did(1, 1, 5), did(2, 2, 5)]).await;
    tell(&store, [merged(1, 3, 30)]).await;
    assert_eq!(resolve(&store, 2).await, Some(2));
    tell(&store, [merged(1, 2, 10)]).await;
    assert_eq!(resolve(&store, 2).await, Some(3));

    tell(&store, [merged(11, 12, 10), merged(11, 13, 30)]).await;
    assert_eq!(resolve(&store, 12).await, Some(13));
    tell(&store, [merged(13, 11, 40)]).await;
    assert_eq!(resolve(&store, 13).await, Some(13), "a circle is no merge");
}

pub(crate) async fn erased_contacts_stay_gone(store: SharedStore) {
    want(&store, 1, &[(group(3), 5), (segment(4), 1)]).await;
    write_all(&store).await;
    want(&store, 1, &[(group(3), 6), (segment(4), 1)]).await;
    tell(
        &store,
        [
            profile(1, 5, "Bern", 3),
            logged(1, 1, 3, "API", 1),
            gone(1, 9),
        ],
    )
    .await;
    assert_eq!(tell(&store, [deleted(1, 10)]).await.dirty_contacts, 0);
    assert_eq!(resolve(&store, 1).await, None);
    let late = [
        did(9, 1, 5),
        profile(1, 99, "Bern", 3),
        member(1, 4, true, 99),
        seen(1, 1, 99),
    ];
    assert_eq!(
        tell(&store, late).await,
        Applied {
            dropped: 4,
            ..Applied::default()
        }
    );
    assert_eq!(tell(&store, [deleted(1, 10)]).await, Applied::default());
    assert_eq!(snapshot(&store, 1).await, None);
    assert_eq!(store.contact_overview(id(1)).await.unwrap(), None);
    assert_eq!(store.recent_writes(10).await.unwrap(), []);
    assert_eq!(store.scores(id(1)).await.unwrap(), []);
    assert_eq!(claim_at(&store, 9_000).await, []);
    let counts = store.counts().await.unwrap();
    let nothing = crate::store::Counts {
        deleted: 1,
        ..Default::default()
    };
    assert_eq!(counts, nothing);
}

pub(crate) async fn a_deleted_loser_takes_its_winner_with_it(store: SharedStore) {
    for (loser, winner, facts) in [
        (1, 2, [merged(1, 2, 10), deleted(1, 20)]),
        (3, 4, [deleted(3, 20), merged(3, 4, 10)]),
        (5, 6, [deleted(6, 20), merged(5, 6, 10)]),
    ] {
        tell(
            &store,
            [
                did(u64::from(loser), loser, 5),
                did(u64::from(winner), winner, 5),
            ],
        )
        .await;
        tell(&store, facts).await;
        assert_eq!(resolve(&store, loser).await, None);
        assert_eq!(resolve(&store, winner).await, None);
        assert_eq!(
            tell(&store, [did(99, loser, 5), did(98, winner, 6)])
                .await
                .dropped,
            2
        );
    }
    assert_eq!(store.counts().await.unwrap().activities, 0);
}

/// Mautic's clock was set back between two answers about 1: the later one bears the earlier time.
pub(crate) async fn who_was_merged_away_does_not_live_on(store: SharedStore) {
    tell(&store, [did(1, 1, 5), did(2, 3, 6), did(3, 4, 7)]).await;
    tell(&store, [merged(1, 3, 100), merged(1, 4, 50)]).await;
    tell(&store, [merged(3, 4, 60)]).await;
    assert_eq!(snapshot(&store, 3).await, None);
    let history = snapshot(&store, 4).await.unwrap();
    assert_eq!(history.activities.len(), 3);
    for merged in [1, 3] {
        assert_eq!(store.resolve(id(merged)).await.unwrap(), Some(id(4)));
    }
    assert_eq!(store.resolve(id(4)).await.unwrap(), Some(id(4)));
}
