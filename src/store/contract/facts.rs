//! Facts of one contact.

use super::give::*;
use crate::domain::{Fact, SegmentId, Source};
use crate::store::{Applied, CursorMove, OUR_MARK, Origin, RUN, SharedStore};

pub(crate) async fn activities_are_known_by_their_key(store: SharedStore) {
    let first = tell(&store, [did(2, 1, 6), did(1, 1, 6), did(3, 1, 5)]).await;
    assert_eq!(
        first,
        Applied {
            new_activities: 3,
            dirty_contacts: 1,
            ..Applied::default()
        }
    );
    clean(&store).await;
    let again = tell(&store, [did(2, 1, 6)]).await;
    assert_eq!(
        again,
        Applied {
            known_activities: 1,
            ..Applied::default()
        }
    );
    assert_eq!(dirty_contacts(&store).await, [0; 0]);
    assert_eq!(keys(&store, 1).await, ["hit:3", "hit:1", "hit:2"]);

    let mut enriched = hit(2, 1, 6);
    enriched
        .attributes
        .insert("title".into(), "\u{d6}fen".into());
    let known = tell(&store, [Fact::Activity(enriched.clone())]).await;
    assert_eq!((known.known_activities, known.dirty_contacts), (1, 1));
    assert_eq!(dirty_contacts(&store).await, [1]);
    assert_eq!(snapshot(&store, 1).await.unwrap().activities[2], enriched);
}

pub(crate) async fn a_webhook_knows_best_who_did_it(store: SharedStore) {
    for (first, second) in [
        (Source::Poll, Source::Webhook),
        (Source::Webhook, Source::Poll),
    ] {
        let contact = |source| if source == Source::Webhook { 1 } else { 2 };
        let key = 100 + first as u64;
        tell_by(&store, first, did(key, contact(first), 5)).await;
        clean(&store).await;
        let told = tell_by(&store, second, did(key, contact(second), 5)).await;
        let expected = if first == Source::Poll { 2 } else { 0 };
        assert_eq!(told.dirty_contacts, expected, "{first:?} then {second:?}");
    }
    assert_eq!(keys(&store, 1).await, ["hit:100", "hit:101"]);
    assert_eq!(keys(&store, 2).await, [""; 0]);
}

pub(crate) async fn the_newest_profile_wins(store: SharedStore) {
    assert_eq!(
        tell(&store, [profile(1, 5, "Bern", 3)])
            .await
            .dirty_contacts,
        1
    );
    clean(&store).await;
    for (fact, dirty, city) in [
        (profile(1, 4, "Chur", 9), 0, "Bern"),
        (profile(1, 6, "Bern", 3), 0, "Bern"),
        (profile(1, 6, "Aarau", 3), 0, "Bern"),
        (profile(1, 6, "Chur", 3), 1, "Chur"),
        (profile(1, 7, "Aarau", 3), 1, "Aarau"),
    ] {
        assert_eq!(
            tell(&store, [fact.clone()]).await.dirty_contacts,
            dirty,
            "{fact:?}"
        );
        let shown = snapshot(&store, 1).await.unwrap().profile.unwrap();
        assert_eq!(shown.field("city"), Some(city), "{fact:?}");
    }
    let overview = store.contact_overview(id(1)).await.unwrap().unwrap();
    assert_eq!(overview.profile.unwrap().as_of, at(7));
    assert_eq!(overview.observed_points, Some(3));
}

async fn segments(store: &SharedStore, contact: u32) -> Vec<u32> {
    let snapshot = snapshot(store, contact).await.unwrap();
    snapshot
        .segments
        .into_iter()
        .map(|segment| segment.0)
        .collect()
}

/// Mautic's clock may be set back, and ours with it.
pub(crate) async fn what_was_asked_for_later_is_newer(store: SharedStore) {
    async fn city(store: &SharedStore) -> (Option<String>, Option<i64>) {
        let snapshot = snapshot(store, 1).await.unwrap();
        let overview = store.contact_overview(id(1)).await.unwrap().unwrap();
        let city = snapshot.profile.unwrap().fields.remove("city");
        (city, overview.observed_points)
    }
    let answer = |asked, fact| {
        let mut batch = batch(Origin::Lookup, vec![fact]);
        batch.asked = Some(asked);
        batch
    };
    let before = store.moment().await.unwrap();
    tell(&store, [profile(1, 700, "Bern", 7)]).await;
    // Asked for before that was known: Mautic's clock decides.
    let old = answer(before, profile(1, 101, "Genf", 1));
    store.apply(old).await.unwrap();
    assert_eq!(city(&store).await, (Some("Bern".into()), Some(7)));
    // Which may have been set back: of what was told and what was answered either may be newer.
    assert_eq!(store.to_look_up(9).await.unwrap(), [id(1)]);
    let after = store.moment().await.unwrap();
    store.looked_up(&[id(1)], &[], after).await.unwrap();
    store
        .apply(answer(after, profile(1, 102, "Chur", 2)))
        .await
        .unwrap();
    assert_eq!(city(&store).await, (Some("Chur".into()), Some(2)));
    // Told, not asked for.
    assert_eq!(store.to_look_up(9).await.unwrap(), []);
    tell(&store, [profile(1, 99, "Basel", 5)]).await;
    assert_eq!(city(&store).await, (Some("Chur".into()), Some(2)));
    assert_eq!(store.to_look_up(9).await.unwrap(), [id(1)]);
    store.looked_up(&[id(1)], &[], after).await.unwrap();
    assert_eq!(store.to_look_up(9).await.unwrap(), [id(1)], "told since");
    let now = store.moment().await.unwrap();
    store.looked_up(&[], &[id(1)], now).await.unwrap();
    assert_eq!(store.to_look_up(9).await.unwrap(), [id(1)], "no answer");
    store.looked_up(&[id(1)], &[], now).await.unwrap();
    tell(&store, [profile(1, 98, "Chur", 2)]).await;
    assert_eq!(store.to_look_up(9).await.unwrap(), [], "as it is known");
    store
        .apply(answer(after, profile(1, 50, "Genf", 1)))
        .await
        .unwrap();
    assert_eq!(city(&store).await, (Some("Chur".into()), Some(2)));
}

pub(crate) async fn the_newest_membership_wins(store: SharedStore) {
    tell(&store, [member(1, 4, true, 10), member(1, 9, true, 10)]).await;
    assert_eq!(segments(&store, 1).await, [4, 9]);
    tell(&store, [member(1, 4, false, 9), member(1, 9, false, 11)]).await;
    assert_eq!(segments(&store, 1).await, [4]);
    assert_eq!(
        state(&store, 1, segment(4)).await,
        (None, Some(1), false, false)
    );
    assert_eq!(
        state(&store, 1, segment(9)).await,
        (None, Some(0), false, false)
    );
    let overview = store.contact_overview(id(1)).await.unwrap().unwrap();
    assert_eq!(overview.segments.len(), 1);
}

pub(crate) async fn members_of_a_segment(store: SharedStore) {
    let facts = [
        member(3, 4, true, 10),
        member(1, 4, true, 10),
        member(2, 4, true, 10),
        member(2, 4, false, 11),
        member(5, 9, true, 10),
        member(6, 4, true, 10),
        member(7, 4, true, 10),
        merged(6, 8, 12),
        deleted(7, 12),
    ];
    tell(&store, facts).await;
    want(&store, 10, &[(segment(4), 1)]).await;
    let members = |segment| {
        let store = store.clone();
        async move { store.members_of(SegmentId(segment)).await.unwrap() }
    };
    assert_eq!(members(4).await, [1, 3, 8].map(id), "wanted is not seen");
    write_all(&store).await;
    assert_eq!(members(4).await, [1, 3, 8, 10].map(id));
    assert_eq!(members(9).await, [id(5)]);
    assert_eq!(members(5).await, []);
}

pub(crate) async fn memberships_dirty_only_when_unwanted(store: SharedStore) {
    want(&store, 1, &[(segment(4), 1)]).await;
    for (fact, dirty, pending) in [
        (member(1, 4, true, 10), 0, false),
        (member(1, 4, true, 10), 0, false),
        (member(1, 4, false, 11), 1, true),
        (member(1, 4, true, 12), 0, false),
        (member(1, 8, false, 12), 0, false),
        (member(1, 8, true, 13), 1, false),
        (member(1, 8, true, 14), 0, false),
        (member(1, 8, false, 15), 1, false),
    ] {
        assert_eq!(
            tell(&store, [fact.clone()]).await.dirty_contacts,
            dirty,
            "{fact:?}"
        );
        assert_eq!(state(&store, 1, segment(4)).await.3, pending, "{fact:?}");
    }
}

pub(crate) async fn points_never_dirty(store: SharedStore) {
    let told = tell(&store, [seen(1, 5, 10), seen(1, 4, 9), seen(1, 7, 10)]).await;
    assert_eq!(told, Applied::default());
    let overview = store.contact_overview(id(1)).await.unwrap().unwrap();
    assert_eq!(overview.observed_points, Some(7));
    assert_eq!(dirty_contacts(&store).await, [0; 0]);
}

pub(crate) async fn foreign_points_log_makes_groups_suspect(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    write_all(&store).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), false, false)
    );
    // Within the time that clocks may differ, though before the write by its own clock.
    tell(&store, [logged(7, 1, 3, "API", 2_950)]).await;
    // Became suspect by something that reached us (second 1000) before we looked (second 3000).
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), true, true)
    );
    write_all(&store).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), false, false)
    );
    tell(&store, [logged(7, 1, 3, "API", 2_950)]).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), false, false),
        "known row"
    );

    // Never seen and 0 is not pending; never seen and suspect is.
    want(&store, 2, &[(group(3), 0)]).await;
    assert_eq!(
        state(&store, 2, group(3)).await,
        (Some(0), None, false, false)
    );
    tell(&store, [logged(8, 2, 3, "5: form", 10)]).await;
    assert_eq!(
        state(&store, 2, group(3)).await,
        (Some(0), None, true, true)
    );
}

pub(crate) async fn old_points_log_is_no_suspicion(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    write_all(&store).await;
    // An hour before: clocks differ by less.
    tell(&store, [logged(7, 1, 3, "API", -700)]).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), false, false)
    );
}

pub(crate) async fn our_own_points_log_is_no_suspicion(store: SharedStore) {
    want(&store, 1, &[(group(3), 5)]).await;
    write_all(&store).await;
    store.put_setting(RUN, "9-new").await.unwrap();
    let name = store.setting("store_id").await.unwrap().unwrap();
    let mark = |run| format!("{OUR_MARK}1:group:3:set:{name}-{run}-w:1.0.5");
    tell(&store, [logged(7, 1, 3, &mark("9-new"), 3_001)]).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), false, false)
    );
    // A restored store may not know what it wrote then.
    tell(&store, [logged(8, 1, 3, &mark("8-old"), 3_001)]).await;
    assert_eq!(
        state(&store, 1, group(3)).await,
        (Some(5), Some(5), true, true)
    );
}

pub(crate) async fn cursors_move_with_their_facts(store: SharedStore) {
    assert_eq!(store.cursor("page_hits").await.unwrap(), None);
    for position in ["7", "9"] {
        let cursor = CursorMove {
            name: "page_hits".into(),
            position: position.into(),
        };
        let facts = batch(Origin::Poll(vec![cursor]), vec![did(1, 1, 5)]);
        store.apply(facts).await.unwrap();
        let stands = store.cursor("page_hits").await.unwrap();
        assert_eq!(stands.as_deref(), Some(position));
    }
    assert_eq!(store.cursor("other").await.unwrap(), None);
    assert_eq!(keys(&store, 1).await, ["hit:1"]);
}
