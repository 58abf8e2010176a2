//! A Mautic that was restored from a backup.

use super::give::*;
use crate::domain::{Fact, Profile, Scope, Source, TopicKey, WENT_BACK, WentBack};
use crate::store::{CursorMove, Moment, NewAdjustment, Origin, SharedStore, Urgency};
use jiff::Timestamp;

/// A contact made at a second, seen at another.
fn made(contact: u32, added: i64, seen: i64) -> Fact {
    let mut profile = Profile::unknown(id(contact), at(seen));
    profile.added_at = Some(at(added));
    Fact::Profile(Box::new(profile))
}

async fn given(store: &SharedStore, contact: u32) -> Vec<i32> {
    let given = store.adjustments(Some(id(contact)), 10).await.unwrap();
    given.iter().map(|of| of.points).collect()
}

async fn give_points(store: &SharedStore, contact: u32, points: i32) {
    let new = NewAdjustment {
        scope: Scope::Contact(id(contact)),
        topic: TopicKey("ovens".into()),
        points,
        author: "ann".into(),
        reason: "met at the fair".into(),
        at: at(50),
        expires_at: None,
    };
    store.add_adjustment(new, at(50)).await.unwrap().unwrap();
}

fn sign() -> WentBack {
    WentBack {
        table: "page_hits".into(),
        row: 7,
        was: at(5),
        is: None,
        noticed_at: at(100),
    }
}

async fn noticed(store: &SharedStore) {
    let text = serde_json::to_string(&sign()).unwrap();
    store.put_setting(WENT_BACK, &text).await.unwrap();
}

/// Who is told as made at another moment is another person.
pub(crate) async fn what_mautic_told_is_forgotten_and_told_again(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(2, 2, 10), made(3, 3, 10)]).await;
    tell(&store, [did(1, 1, 5), did(2, 2, 5), merged(9, 1, 6)]).await;
    tell(&store, [logged(1, 1, 3, "other", 6)]).await;
    for contact in [1, 2, 3] {
        give_points(&store, contact, i32::try_from(contact).unwrap()).await;
    }
    noticed(&store).await;
    assert!(!store.is_rereading().await.unwrap());
    let forgotten = store.forget_told(at(100)).await.unwrap();
    assert_eq!((forgotten.contacts, forgotten.activities), (3, 2));
    assert_eq!(forgotten.points_log, 1);
    assert!(store.is_rereading().await.unwrap());
    assert_eq!(store.setting(WENT_BACK).await.unwrap(), None);
    let snapshot_of_one = snapshot(&store, 1).await.unwrap();
    assert_eq!(snapshot_of_one.activities, []);
    assert_eq!(snapshot_of_one.ledger, []);
    assert_eq!(store.resolve(id(9)).await.unwrap(), Some(id(9)));
    assert_eq!(given(&store, 2).await, [2]);

    // 1 is the same, 2 is somebody else, of 3 nothing is heard any more.
    tell(&store, [made(1, 1, 110), made(2, 90, 110), did(1, 2, 95)]).await;
    assert_eq!(given(&store, 1).await, [1]);
    assert_eq!(given(&store, 2).await, [0; 0]);
    assert_eq!(snapshot(&store, 2).await.unwrap().activities.len(), 1);
    let now = Timestamp::MAX;
    assert_eq!(store.unresolved_gone(9, now).await.unwrap(), []);
    assert_eq!(store.end_rereading(id(2), at(120)).await.unwrap(), 1);
    assert_eq!(store.unresolved_gone(9, now).await.unwrap(), [id(3)]);
    assert!(!store.is_rereading().await.unwrap());
    // From then on an import may date contacts anew.
    tell(&store, [made(1, 70, 130)]).await;
    assert_eq!(given(&store, 1).await, [1]);
}

/// A restored Mautic does not know somebody, and later gives his id to a visitor who turns out to be
/// somebody known.
pub(crate) async fn who_was_lost_takes_nobody_with_him(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(7, 7, 10), made(8, 8, 10)]).await;
    tell(&store, [deleted(8, 20)]).await;
    give_points(&store, 1, 5).await;
    give_points(&store, 7, 7).await;
    noticed(&store).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110)]).await;
    // Nobody knows yet who has that id.
    tell(&store, [merged(1, 8, 111)]).await;
    assert_eq!(given(&store, 1).await, [5]);
    store.end_rereading(id(1), at(120)).await.unwrap();
    tell(&store, [deleted(7, 130)]).await;
    assert_eq!(given(&store, 7).await, [0; 0], "nothing of his is kept");
    assert_eq!(snapshot(&store, 7).await, None);
    // Told before the winner's own profile: 7 and 8 are other people's.
    tell(&store, [did(1, 8, 140), merged(1, 7, 150)]).await;
    assert_eq!(given(&store, 7).await, [5]);
    assert_eq!(snapshot(&store, 8).await.unwrap().activities.len(), 1);
    // Who was deleted by Mautic stays so, also if its clock is behind ours, as of before the reread.
    tell(&store, [deleted(8, 90), did(2, 8, 161)]).await;
    assert_eq!(snapshot(&store, 8).await, None);
}

/// Where Mautic was not restored it gives no id anew.
pub(crate) async fn a_reread_of_choice_lets_nobody_in(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(8, 8, 10)]).await;
    tell(&store, [deleted(8, 20)]).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110)]).await;
    store.end_rereading(id(1), at(120)).await.unwrap();
    tell(&store, [did(1, 8, 130), deleted(8, 131)]).await;
    assert_eq!(snapshot(&store, 8).await, None);
}

pub(crate) async fn who_was_erased_stays_so_if_mautic_has_him_again(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(2, 2, 10)]).await;
    tell(&store, [deleted(2, 20)]).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110), made(2, 2, 110)]).await;
    store.end_rereading(id(2), at(120)).await.unwrap();
    tell(&store, [made(2, 2, 130), did(1, 2, 131)]).await;
    assert_eq!(snapshot(&store, 2).await, None);
    tell(&store, [merged(1, 2, 140)]).await;
    assert_eq!(snapshot(&store, 1).await, None, "they are one person");
}

/// Erasing finds raw bodies by whom their batch speaks of, or because they wait.
pub(crate) async fn no_raw_body_that_nobody_can_find_is_left(store: SharedStore) {
    let decoded = deliver(&store, 7, r#"{"id":1}"#).await;
    let mut told = batch(Origin::Deliveries(vec![decoded]), vec![did(1, 1, 5)]);
    store.apply(told).await.unwrap();
    let in_part = deliver(&store, 7, r#"{"id":2}"#).await;
    told = batch(Origin::Deliveries(vec![in_part]), vec![did(2, 1, 5)]);
    told.parked = vec![parked(Some(in_part), "{}")];
    store.apply(told).await.unwrap();
    deliver(&store, 7, r#"{"id":3}"#).await;
    store.forget_told(at(100)).await.unwrap();
    let left = store.prune_bodies(at(9_000)).await.unwrap();
    assert_eq!(left, 1, "of the one of which it is known whom it speaks of");
}

/// An id is told of somebody who was made after the one we know was last seen.
pub(crate) async fn another_person_by_a_known_id_is_noticed(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(2, 2, 10)]).await;
    give_points(&store, 1, 7).await;
    // An import dates it anew.
    assert!(!tell(&store, [made(2, 3, 20)]).await.went_back);
    let applied = tell(&store, [made(1, 79, 80), did(1, 2, 80)]).await;
    assert!(applied.went_back);
    assert_eq!(applied.new_activities, 1, "the rest is taken over");
    let sign = store.setting(WENT_BACK).await.unwrap().unwrap();
    let sign: WentBack = serde_json::from_str(&sign).unwrap();
    let told = (sign.table.as_str(), sign.row, sign.was, sign.is);
    assert_eq!(told, ("leads", 1, at(1), Some(at(79))));
    // Still the one we know, until what Mautic told is forgotten.
    let known = snapshot(&store, 1).await.unwrap().profile.unwrap();
    assert_eq!(known.added_at, Some(at(1)));
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 79, 110), made(2, 3, 110)]).await;
    assert_eq!(given(&store, 1).await, [0; 0]);
    assert_eq!(store.setting(WENT_BACK).await.unwrap(), None);
}

/// By an import: many of them, of which one says so.
pub(crate) async fn contacts_may_have_been_dated_anew(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(2, 1, 10), made(3, 1, 10)]).await;
    let cursor = CursorMove {
        name: "contacts.changed".into(),
        position: at(90).to_string(),
    };
    let facts = vec![made(1, 79, 80), made(2, 1_001, 1_002)];
    let dated = batch(Origin::Poll(vec![cursor]), facts);
    assert!(store.apply(dated).await.unwrap().went_back);
    let sign = store.setting(WENT_BACK).await.unwrap().unwrap();
    let sign: WentBack = serde_json::from_str(&sign).unwrap();
    store.not_restored(&sign).await.unwrap();
    assert_eq!(store.setting(WENT_BACK).await.unwrap(), None);
    let since = store.cursor("contacts.changed").await.unwrap();
    assert_eq!(since.as_deref(), Some("1970-01-01T00:00:00Z"));
    let again = [made(1, 79, 90), made(3, 1_000, 1_001)];
    assert!(!tell(&store, again).await.went_back);
    for (contact, added) in [(1, 79), (3, 1_000)] {
        let known = snapshot(&store, contact).await.unwrap().profile.unwrap();
        assert_eq!(known.added_at, Some(at(added)));
    }
    // Who was made later than it was noticed, at second 1000, may be another person.
    assert!(tell(&store, [made(2, 1_001, 1_002)]).await.went_back);
}

/// What a webhook told of may have been lost before any poll read it.
pub(crate) async fn another_row_by_a_known_id_is_noticed(store: SharedStore) {
    let cursor = CursorMove {
        name: "page_hits".into(),
        position: "4".into(),
    };
    let facts = vec![made(1, 1, 10), made(2, 1, 10)];
    let polled = Origin::Poll(vec![cursor]);
    store.apply(batch(polled, facts)).await.unwrap();
    hooked(&store, did(7, 1, 100)).await;
    // The same one: told by the second, with an edited date, by its contact of now.
    for same in [did(7, 1, 103), did(7, 1, 400)] {
        assert!(!hooked(&store, same).await);
    }
    assert!(!tell(&store, [did(7, 2, 400)]).await.went_back);
    assert!(hooked(&store, did(7, 2, 500)).await);
    let sign = store.setting(WENT_BACK).await.unwrap().unwrap();
    let sign: WentBack = serde_json::from_str(&sign).unwrap();
    let told = (sign.table.as_str(), sign.row, sign.was, sign.is);
    assert_eq!(told, ("page_hits", 7, at(100), Some(at(500))));
    assert_eq!(snapshot(&store, 2).await.unwrap().activities, []);
    // By an administrator: rows were taken away by hand, and ids are given anew.
    store.not_restored(&sign).await.unwrap();
    let position = store.cursor("page_hits").await.unwrap();
    let unread = "5 and 6 are still to be read";
    assert_eq!(position.as_deref(), Some("4"), "{unread}");
    hooked(&store, did(6, 1, 100)).await;
    hooked(&store, did(8, 1, 100)).await;
    for (row, sign) in [(6, false), (7, false), (8, true)] {
        assert_eq!(hooked(&store, did(row, 2, 900)).await, sign, "row {row}");
    }
}

/// Of another page, form or file: whoever tells so.
pub(crate) async fn another_page_by_a_known_id_is_noticed(store: SharedStore) {
    tell(&store, [made(1, 1, 10), did(7, 1, 100)]).await;
    let elsewhere = |second| {
        let Fact::Activity(mut hit) = did(7, 1, second) else {
            unreachable!("a hit is an activity")
        };
        hit.url = Some("https://example.test/elsewhere".into());
        Fact::Activity(hit)
    };
    assert!(!tell(&store, [elsewhere(150)]).await.went_back);
    assert!(tell(&store, [elsewhere(161)]).await.went_back);
}

async fn hooked(store: &SharedStore, fact: Fact) -> bool {
    tell_by(store, Source::Webhook, fact).await.went_back
}

/// Dates of imports may lie far ahead: they say nothing, and hide nothing.
pub(crate) async fn who_is_made_in_the_future_was_imported(store: SharedStore) {
    const YEARS_LATER: i64 = 100_000_000;
    tell(&store, [made(1, 1, 10), made(2, 1, 10)]).await;
    assert!(!tell(&store, [made(1, YEARS_LATER, 900)]).await.went_back);
    let known = snapshot(&store, 1).await.unwrap().profile.unwrap();
    assert_eq!(known.added_at, Some(at(YEARS_LATER)));
    assert!(tell(&store, [made(2, 79, 900)]).await.went_back);
}

/// Whoever gets the id of somebody who is lost gets nothing of what was wanted for him.
pub(crate) async fn nothing_is_done_for_the_lost(store: SharedStore) {
    for contact in [1, 7] {
        tell(&store, [made(contact, 1, 10)]).await;
        want(&store, contact, &[(group(1), 5)]).await;
    }
    noticed(&store).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110)]).await;
    store.end_rereading(id(1), at(120)).await.unwrap();
    tell(&store, [did(1, 7, 130)]).await;
    // That we miss him says nothing new.
    tell(&store, [gone(7, 131)]).await;
    assert_eq!(dirty_contacts(&store).await, [1]);
    assert!(!store.is_scored(at(900_000), at(900_000)).await.unwrap());
    clean(&store).await;
    assert!(store.is_scored(at(900_000), at(900_000)).await.unwrap());
    // What was wanted for 7 is still to be written.
    assert!(target_of(&store, 7, group(1)).await.unwrap().pending);
    assert_eq!(claim_at(&store, 5_000).await, []);
    let due = store.next_due(Urgency::Bulk, at(9_000)).await.unwrap();
    assert_eq!(due, None);
    // Somebody else has the id: what that one did counts, and is written.
    tell(&store, [made(7, 125, 140)]).await;
    assert_eq!(claim_at(&store, 6_000).await, [], "what was wanted for 7");
    assert_eq!(dirty_contacts(&store).await, [7]);
    let to_ask = store.unresolved_gone(9, Timestamp::MAX).await.unwrap();
    assert_eq!(to_ask, []);
}

/// Nor is somebody let in again who was erased, by a date far ahead.
pub(crate) async fn a_date_far_ahead_lets_nobody_in(store: SharedStore) {
    const YEARS_LATER: i64 = 100_000_000;
    tell(&store, [made(1, 1, 10), made(2, 2, 10)]).await;
    noticed(&store).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110), made(2, 2, 110)]).await;
    store.end_rereading(id(2), at(120)).await.unwrap();
    tell(&store, [deleted(2, 900)]).await;
    tell(&store, [made(2, YEARS_LATER, 950)]).await;
    assert_eq!(store.resolve(id(2)).await.unwrap(), None);
}

/// A visitor gets the id of somebody who is lost, and turns out to be somebody known at once.
pub(crate) async fn a_merge_into_a_lost_id_takes_nothing_away(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(7, 7, 10)]).await;
    give_points(&store, 1, 5).await;
    give_points(&store, 7, 7).await;
    noticed(&store).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110)]).await;
    store.end_rereading(id(1), at(120)).await.unwrap();
    // Told before the winner's own profile.
    tell(&store, [merged(1, 7, 131)]).await;
    assert_eq!(given(&store, 7).await, [5]);
    tell(&store, [made(7, 130, 140)]).await;
    assert_eq!(given(&store, 7).await, [5]);
}

/// Mautic was asked about somebody whom it lost, and gave the id to somebody else before it was
/// known what it answered.
pub(crate) async fn a_late_answer_erases_nobody_told_of_since(store: SharedStore) {
    tell(&store, [made(1, 1, 10), made(7, 7, 10)]).await;
    noticed(&store).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110)]).await;
    store.end_rereading(id(1), at(120)).await.unwrap();
    let asked = store.moment().await.unwrap();
    tell(&store, [made(7, 130, 131)]).await;
    tell_asked(&store, asked, deleted(7, 130)).await;
    let known = snapshot(&store, 7).await.unwrap().profile.unwrap();
    assert_eq!(known.added_at, Some(at(130)));
    let to_ask = store.unresolved_gone(9, Timestamp::MAX).await.unwrap();
    assert_eq!(to_ask, [id(7)], "asked again");
    let asked = store.moment().await.unwrap();
    tell_asked(&store, asked, deleted(7, 140)).await;
    assert_eq!(store.resolve(id(7)).await.unwrap(), None);
}

async fn tell_asked(store: &SharedStore, asked: Moment, fact: Fact) {
    let mut answer = batch(Origin::Lookup, vec![fact]);
    answer.asked = Some(asked);
    store.apply(answer).await.unwrap();
}

/// What somebody did may be told before who it is.
pub(crate) async fn what_is_told_before_the_person_is_kept(store: SharedStore) {
    tell(&store, [made(1, 1, 10), did(1, 1, 5)]).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [did(7, 1, 105), logged(9, 1, 3, "other", 105)]).await;
    tell(&store, [made(1, 104, 110)]).await;
    let known = snapshot(&store, 1).await.unwrap();
    assert_eq!((known.activities.len(), known.ledger.len()), (1, 1));
}

/// Mautic dates a membership by when it began.
pub(crate) async fn a_membership_that_was_ended_after_the_backup_is_there_again(
    store: SharedStore,
) {
    tell(&store, [member(1, 4, true, 5), member(1, 4, false, 50)]).await;
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [member(1, 4, true, 5)]).await;
    assert_eq!(snapshot(&store, 1).await.unwrap().segments.len(), 1);
}

/// 1 was there when the backup was made, 5 came later: merged away, its id was somebody else's.
pub(crate) async fn merges_move_nothing_of_the_lost(store: SharedStore) {
    tell(
        &store,
        [
            made(1, 1, 10),
            made(2, 2, 10),
            made(3, 3, 10),
            made(5, 60, 61),
        ],
    )
    .await;
    for contact in [1, 2, 5] {
        give_points(&store, contact, i32::try_from(contact).unwrap()).await;
    }
    store.forget_told(at(100)).await.unwrap();
    tell(&store, [made(1, 1, 110), made(3, 3, 110)]).await;
    tell(&store, [merged(2, 1, 104), merged(5, 1, 105)]).await;
    assert_eq!(given(&store, 1).await, [2, 1]);
}

/// Ids are given upwards: who had one below another's was in the backup, too.
pub(crate) async fn the_highest_of_the_backup_is_not_lost(store: SharedStore) {
    tell(
        &store,
        [
            made(1, 1, 10),
            made(5, 5, 10),
            made(6, 60, 61),
            made(7, 70, 71),
        ],
    )
    .await;
    for contact in [5, 6] {
        give_points(&store, contact, i32::try_from(contact).unwrap()).await;
    }
    store.forget_told(at(100)).await.unwrap();
    // 6 is somebody new, who turned out to be 5.
    tell(
        &store,
        [made(1, 1, 110), made(6, 90, 110), merged(5, 6, 105)],
    )
    .await;
    assert_eq!(given(&store, 6).await, [5]);
}

pub(crate) async fn scored_anew_when_all_are(store: SharedStore) {
    let is_scored = async |up_to, now| store.is_scored(at(up_to), at(now)).await.unwrap();
    tell(&store, [made(1, 1, 10)]).await;
    clean(&store).await;
    assert!(is_scored(5_000, 5_000).await);
    store.forget_told(at(100)).await.unwrap();
    assert!(!is_scored(100, 110).await);
    assert!(is_scored(99, 110).await, "dirty since later");
    assert!(!is_scored(50, 60).await, "our clock was set back");
    clean(&store).await;
    assert!(is_scored(5_000, 5_000).await);
}

pub(crate) async fn everything_wanted_is_looked_at_after_a_restore(store: SharedStore) {
    tell(&store, [did(1, 1, 5)]).await;
    want(&store, 1, &[(group(3), 40)]).await;
    write_all(&store).await;
    clean(&store).await;
    let before = state(&store, 1, group(3)).await;
    assert_eq!(before, (Some(40), Some(40), false, false));
    store.forget_told(at(100)).await.unwrap();
    let after = state(&store, 1, group(3)).await;
    assert_eq!(after, (Some(40), Some(40), true, true));
    assert_eq!(dirty_contacts(&store).await, [1], "scored anew");
}

/// The id of somebody who was erased may be given to somebody else; Mautic's backup may have who was erased.
pub(crate) async fn the_erased_stay_so_after_a_restore(store: SharedStore) {
    tell(
        &store,
        [
            made(1, 1, 10),
            made(2, 2, 10),
            deleted(1, 20),
            deleted(2, 20),
        ],
    )
    .await;
    let later = 20 + 3_600;
    tell(&store, [made(1, later, later)]).await;
    assert_eq!(
        store.resolve(id(1)).await.unwrap(),
        None,
        "no restore, no other person"
    );
    store.forget_told(at(100)).await.unwrap();
    tell(
        &store,
        [made(1, later, later), made(2, 2, later), did(2, 2, 5)],
    )
    .await;
    assert_eq!(store.resolve(id(1)).await.unwrap(), Some(id(1)));
    assert_eq!(store.resolve(id(2)).await.unwrap(), None);
    assert!(snapshot(&store, 2).await.is_none());
}

pub(crate) async fn it_may_turn_out_not_to_be_restored(store: SharedStore) {
    tell(&store, [did(1, 1, 5)]).await;
    noticed(&store).await;
    store.not_restored(&sign()).await.unwrap();
    assert_eq!(store.setting(WENT_BACK).await.unwrap(), None);
    assert!(!store.is_rereading().await.unwrap());
    assert_eq!(snapshot(&store, 1).await.unwrap().activities.len(), 1);
}
