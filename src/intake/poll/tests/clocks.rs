//! Clocks that are set back: Mautic's and ours.

use super::*;

fn ahead(house: &House, seconds: i64) {
    house
        .mautic
        .ahead
        .store(seconds, std::sync::atomic::Ordering::Relaxed);
}

fn later(seconds: i64) -> Timestamp {
    at(NOW) + SignedDuration::from_secs(seconds)
}

/// Mautic's clock was ten minutes ahead, and is right again: what is dated before what was read is new.
#[tokio::test]
async fn mautics_clock_set_back() {
    let house = house(|options| options.rows = 100);
    ahead(&house, 600);
    house
        .mautic
        .add(Table::EmailStats, [mail(1, &["2026-11-21 22:09:50"])]);
    house
        .mautic
        .add_contact(1, Some("2026-11-21T22:09:50+00:00"));
    house.poll(Feed::LateOpens).await;
    house.poll(Feed::ChangedContacts).await;
    ahead(&house, 0);
    for minute in [1, 2] {
        // Even if none was polled for the first minute.
        let now = at(NOW) + SignedDuration::from_mins(minute);
        house.poll_at(Feed::LateOpens, now).await;
        house.poll_at(Feed::ChangedContacts, now).await;
    }
    let cursors = house.store.cursors();
    for name in ["email_stats.last_opened", "contacts.changed"] {
        assert!(
            cursors[name].parse::<Timestamp>().unwrap() <= at(NOW) + SignedDuration::from_mins(2),
            "{name}"
        );
    }
    house.store.forget_facts();
    house
        .mautic
        .add(Table::EmailStats, [mail(2, &["2026-11-21 22:00:30"])]);
    house
        .mautic
        .add_contact(2, Some("2026-11-21T22:00:30+00:00"));
    let now = at(NOW) + SignedDuration::from_secs(65);
    house.poll_at(Feed::LateOpens, now).await;
    house.poll_at(Feed::ChangedContacts, now).await;
    assert!(
        house.store.keys().contains("open:h2:1"),
        "{:?}",
        house.store.keys()
    );
    let told = house.store.facts();
    let two = |fact: &Fact| matches!(fact, Fact::Profile(it) if it.contact == ContactId(2));
    assert!(told.iter().any(two));
}

/// By less than the time between two polls, so that the cursor is not ahead of it at the next.
#[tokio::test]
async fn mautics_clock_set_back_a_little() {
    let house = house(|options| options.rows = 100);
    house
        .mautic
        .add(Table::EmailStats, [mail(1, &["2026-11-21 21:59:50"])]);
    house
        .mautic
        .add_contact(1, Some("2026-11-21T21:59:50+00:00"));
    house.poll(Feed::LateOpens).await;
    house.poll(Feed::ChangedContacts).await;
    // Three minutes, and a minute later somebody opens, somebody edits.
    ahead(&house, -180);
    house
        .mautic
        .add(Table::EmailStats, [mail(2, &["2026-11-21 21:58:00"])]);
    house
        .mautic
        .add_contact(2, Some("2026-11-21T21:58:00+00:00"));
    house.store.forget_facts();
    house.poll_at(Feed::LateOpens, later(300)).await;
    house.poll_at(Feed::ChangedContacts, later(300)).await;
    assert!(house.store.keys().contains("open:h2:1"));
    assert!(tells_of(&house, 2));
    // From then on it is as before.
    house.poll_at(Feed::LateOpens, later(600)).await;
    house.poll_at(Feed::LateOpens, later(900)).await;
    house.store.forget_facts();
    house.poll_at(Feed::LateOpens, later(1200)).await;
    assert_eq!(house.store.batches().len(), 0);
}

fn tells_of(house: &House, contact: u32) -> bool {
    let is = |fact: &Fact| matches!(fact, Fact::Profile(it) if it.contact == ContactId(contact));
    house.store.facts().iter().any(is)
}

/// Nobody looked when it was: the first poll after a start reads an hour again, once.
#[tokio::test]
async fn mautics_clock_set_back_while_we_were_away() {
    let before = house(|options| options.rows = 4);
    let open = |id: u64, minute: u64| mail(id, &[&format!("2026-11-21 21:{minute:02}:00")]);
    let mut opens: Vec<_> = (1..=15).map(|id| open(id, 3 * id)).collect();
    opens[4].insert("lead_id".to_owned(), "666".to_owned());
    before.mautic.add(Table::EmailStats, opens);
    before.drain(Feed::LateOpens).await;
    let options = before.poller.options.clone();
    let house = house_on(before.store, before.mautic, options);
    house.store.forget_facts();
    house.mautic.add(Table::EmailStats, [open(16, 1)]);
    // The second page can't be kept: the next poll goes on behind the first.
    let picky = |is| {
        let picky = &house.store.picky;
        picky.store(is, std::sync::atomic::Ordering::Relaxed);
    };
    picky(true);
    let failed = house.poller.poll_once(Feed::LateOpens, at(NOW)).await;
    assert!(failed.is_err());
    assert!(house.store.keys().contains("open:h16:1"));
    picky(false);
    house.mautic.asked();
    house.drain(Feed::LateOpens).await;
    let asked = house.mautic.asked();
    assert!(asked[0].contains("T21:09:00Z"), "{asked:?}");
}

#[tokio::test]
async fn ours_set_back_polls_at_once() {
    let house = house(|_| {});
    let stop = CancellationToken::new();
    house.mautic.break_down(Some("video_hits"));
    house.poller.round(at(NOW), &stop).await;
    house.mautic.break_down(None);
    let hour_ago = later(-3600);
    let state = |feed: Feed| house.poller.status()[&feed].clone();
    house.poller.round(hour_ago, &stop).await;
    for feed in Feed::ALL {
        assert_eq!(state(feed).last_success, Some(hour_ago), "{feed:?}");
    }
    house.mautic.asked();
    house.poller.round(hour_ago, &stop).await;
    let asked = house.mautic.asked();
    assert!(!asked.iter().any(|how| how.contains("last_opened")));
}

/// On one machine with Mautic, both go back; the next poll works only when ours shows the old time again.
#[tokio::test]
async fn both_set_back_while_mautic_is_down() {
    let house = house(|_| {});
    let stop = CancellationToken::new();
    let entered = |contact: &str, at: &str| {
        let entry = [
            ("campaign_id", "3"),
            ("lead_id", contact),
            ("date_added", at),
        ];
        house.mautic.add(Table::CampaignMembers, [row(&entry)]);
    };
    entered("1", "2026-11-21 21:59:50");
    house.poller.round(at(NOW), &stop).await;
    house.mautic.break_down(Some("campaign_leads"));
    house.poller.round(later(-240), &stop).await;
    house.mautic.break_down(None);
    entered("2", "2026-11-21 21:57:00");
    house.poller.round(later(120), &stop).await;
    assert_eq!(house.store.keys().len(), 2);
}

/// Whose row is dated before the time when it was known to be gone.
#[tokio::test]
async fn a_member_again_after_mautics_clock_was_set_back() {
    let house = house(|options| options.segments = vec![SegmentId(4)].into());
    let members = async || house.store.members_of(SegmentId(4)).await.unwrap();
    let hold = |rows: Vec<Row>| {
        house.mautic.tables.lock().unwrap().clear();
        house.mautic.add(Table::SegmentMembers, rows);
    };
    hold(vec![member("4", 1), member("4", 2)]);
    house.poll(Feed::Members).await;
    hold(vec![member("4", 2)]);
    house.poll(Feed::Members).await;
    assert_eq!(members().await, [ContactId(2)]);
    let mut taken_out = member("4", 3);
    taken_out.insert("manually_removed".to_owned(), "1".to_owned());
    hold(vec![member("4", 1), member("4", 2), taken_out]);
    house.poll(Feed::Members).await;
    assert_eq!(members().await, [1, 2].map(ContactId));
    // Only who was not a member by his row is told of once more.
    let again = house.store.facts().into_iter().filter(
        |fact| matches!(fact, Fact::Membership { member: true, at, .. } if *at == self::at(NOW)),
    );
    assert_eq!(again.count(), 1);
}

#[tokio::test]
async fn what_is_missing_when_ours_is_set_back_is_noticed_as_soon() {
    let house = house(|options| options.rows = 100);
    house.mautic.add(Table::PageHits, (1..=9).map(hit));
    assert_eq!(look(&house, Feed::Hits, NOW).await, None);
    replace(&house, Table::PageHits, (1..=8).map(hit));
    for now in [NOW, "2026-11-21T21:00:00Z", "2026-11-21T21:04:59Z"] {
        assert_eq!(look(&house, Feed::Hits, now).await, None);
    }
    let sign = look(&house, Feed::Hits, "2026-11-21T21:05:00Z").await;
    assert_eq!(sign.map(|sign| sign.row), Some(9));
}
