#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use super::{
    super::{
        decode::{Row, Table},
        fake::{FakeMautic, row},
        testing::{MemoryStore, at},
    },
    *,
};
use crate::{
    clock::ManualClock,
    domain::{Activity, ContactId, Fact, Sighting, Source, WENT_BACK},
};
use jiff::SignedDuration;
use landmark::Place;
use std::collections::BTreeSet;

mod clocks;

const NOW: &str = "2026-11-21T22:00:00Z";

struct House {
    store: Arc<MemoryStore>,
    mautic: Arc<FakeMautic>,
    poller: Poller<MemoryStore, FakeMautic>,
}

fn house(change: impl FnOnce(&mut Options)) -> House {
    let mut options = Options {
        rows: 10,
        contacts: 10,
        pages: 3,
        ..Options::default()
    };
    change(&mut options);
    let (store, mautic) = (Arc::default(), Arc::default());
    house_on(store, mautic, options)
}

fn house_on(store: Arc<MemoryStore>, mautic: Arc<FakeMautic>, options: Options) -> House {
    let clock = Arc::new(ManualClock::new(at(NOW)));
    let signals = Signals::default();
    let poller = Poller::new(
        Arc::clone(&store),
        Arc::clone(&mautic),
        clock,
        signals,
        options,
    );
    House {
        store,
        mautic,
        poller,
    }
}

impl House {
    async fn poll(&self, feed: Feed) -> Polled {
        self.poll_at(feed, at(NOW)).await
    }

    async fn poll_at(&self, feed: Feed, now: Timestamp) -> Polled {
        self.poller.poll_once(feed, now).await.unwrap()
    }

    /// The id that a table was read to.
    fn read_to(&self, feed: Feed) -> u64 {
        let cursors = self.store.cursors();
        let place: Place = cursors[feed.name()].parse().unwrap();
        place.id
    }

    /// Polls until there is no more.
    async fn drain(&self, feed: Feed) -> usize {
        for rounds in 1..100 {
            if !self.poll(feed).await.more {
                return rounds;
            }
        }
        panic!("it never ends")
    }
}

fn hit(id: u64) -> Row {
    let id = id.to_string();
    row(&[
        ("id", &id),
        ("lead_id", "5"),
        ("date_hit", "2026-11-21 20:00:00"),
        ("url", "u"),
    ])
}

fn hits(ids: impl IntoIterator<Item = u64>) -> BTreeSet<String> {
    ids.into_iter().map(|id| format!("hit:{id}")).collect()
}

#[tokio::test]
async fn reads_a_table_page_by_page_with_its_cursor() {
    let house = house(|_| {});
    house.mautic.add(Table::PageHits, (1..=95).map(hit));
    let first = house.poll(Feed::Hits).await;
    assert_eq!((first.rows, first.more), (30, true));
    assert_eq!(house.read_to(Feed::Hits), 30);
    house.drain(Feed::Hits).await;
    assert_eq!(house.store.keys(), hits(1..=95));
    assert_eq!(house.read_to(Feed::Hits), 95);
    for batch in house.store.batches() {
        let full = batch.sightings.len() == 10;
        assert_eq!(batch.urgency, urgency(full));
    }
}

#[tokio::test]
async fn a_row_that_was_committed_late_is_found_and_nothing_new_is_not_applied() {
    let house = house(|options| options.rows = 100);
    house
        .mautic
        .add(Table::PageHits, (1..=60).filter(|id| *id != 40).map(hit));
    house.poll(Feed::Hits).await;
    house.poll(Feed::Hits).await;
    house.store.forget_facts();
    for _ in 0..3 {
        house.poll(Feed::Hits).await;
    }
    assert_eq!(house.store.batches().len(), 0);
    house.mautic.add(Table::PageHits, [hit(40)]);
    house.poll(Feed::Hits).await;
    assert!(house.store.keys().contains("hit:40"));
    assert_eq!(house.read_to(Feed::Hits), 60);
}

#[tokio::test]
async fn a_page_that_could_not_be_kept_is_read_again() {
    let house = house(|_| {});
    house.mautic.add(Table::PageHits, [hit(1)]);
    house
        .store
        .picky
        .store(true, std::sync::atomic::Ordering::Relaxed);
    let mut bad = hit(2);
    bad.insert("lead_id".to_owned(), "666".to_owned());
    house.mautic.add(Table::PageHits, [bad]);
    assert!(house.poller.poll_once(Feed::Hits, at(NOW)).await.is_err());
    assert_eq!(house.store.cursors().get("page_hits"), None);
    house
        .store
        .picky
        .store(false, std::sync::atomic::Ordering::Relaxed);
    house.poll(Feed::Hits).await;
    assert_eq!(house.store.keys(), hits(1..=2));
}

#[tokio::test]
async fn starting_now_leaves_the_past_alone() {
    let house = house(|options| (options.start, options.rows) = (Start::Now, 100));
    house.mautic.add(Table::PageHits, (1..=200).map(hit));
    house.poll(Feed::Hits).await;
    house.mautic.add(Table::PageHits, [hit(201)]);
    house.drain(Feed::Hits).await;
    assert_eq!(house.store.keys(), hits(151..=201));
    assert_eq!(house.read_to(Feed::Hits), 201);
}

#[tokio::test]
async fn hits_are_read_again_when_they_have_settled() {
    let house = house(|_| {});
    let young = |id: u64| {
        let mut young = hit(id);
        young.insert("date_hit".to_owned(), "2026-11-21 21:30:00".to_owned());
        young
    };
    house
        .mautic
        .add(Table::PageHits, [hit(1), hit(2), young(3), hit(4)]);
    house.poll(Feed::SettledHits).await;
    assert_eq!(house.store.keys(), hits(1..=2));
    let later = at("2026-11-21T22:30:00Z");
    house
        .poller
        .poll_once(Feed::SettledHits, later)
        .await
        .unwrap();
    assert_eq!(house.store.keys(), hits(1..=4));
    assert_eq!(house.store.cursors()["page_hits.settled"], "4");
}

fn mail(id: u64, opens: &[&str]) -> Row {
    use std::fmt::Write;
    let mut details = format!("a:{}:{{", opens.len());
    for (n, open) in opens.iter().enumerate() {
        write!(details, "i:{n};a:1:{{s:8:\"datetime\";s:19:\"{open}\";}}").unwrap();
    }
    details.push('}');
    let (hash, count) = (format!("h{id}"), opens.len().to_string());
    let id = id.to_string();
    let mut mail = row(&[
        ("id", &id),
        ("lead_id", "5"),
        ("email_id", "2"),
        ("tracking_hash", &hash),
        ("date_sent", "2026-11-21 19:00:00"),
        ("open_count", &count),
        ("open_details", &details),
    ]);
    if let Some(last) = opens.last() {
        mail.insert("last_opened".to_owned(), (*last).to_owned());
    }
    mail
}

#[tokio::test]
async fn opens_are_found_by_the_devices_they_leave() {
    let house = house(|_| {});
    house
        .mautic
        .add(Table::EmailStats, [mail(1, &[]), mail(2, &[])]);
    house.poll(Feed::Sends).await;
    house.poll(Feed::Opens).await;
    assert_eq!(
        house.store.keys(),
        ["send:h1", "send:h2"].map(str::to_owned).into()
    );
    let opened = mail(1, &["2026-11-21 20:00:00", "2026-11-21 20:00:09"]);
    house
        .mautic
        .tables
        .lock()
        .unwrap()
        .get_mut("email_stats")
        .unwrap()[0] = opened;
    let device = |id: &str| row(&[("id", id), ("stat_id", "1")]);
    house
        .mautic
        .add(Table::EmailStatsDevices, [device("1"), device("2")]);
    house.mautic.asked();
    house.poll(Feed::Opens).await;
    let asked = ["email_stats_devices After(0)", "email_stats Ids([1])"];
    assert_eq!(house.mautic.asked(), asked);
    let opens = ["open:h1:1", "open:h1:2"].map(str::to_owned);
    assert!(opens.iter().all(|open| house.store.keys().contains(open)));
}

#[tokio::test]
async fn opens_without_a_device_are_found_by_their_time() {
    let house = house(|options| options.pages = 100);
    // More than a page within one second.
    let same = (1..=25).map(|id| mail(id, &["2026-11-21 20:00:00"]));
    house.mautic.add(Table::EmailStats, same);
    house.mautic.add(
        Table::EmailStats,
        [mail(26, &["2026-11-21 20:00:05"]), mail(27, &[])],
    );
    house.poll(Feed::LateOpens).await;
    let opens = |keys: BTreeSet<String>| keys.iter().filter(|key| key.starts_with("open")).count();
    assert_eq!(opens(house.store.keys()), 26);
    assert_eq!(
        house.store.cursors()["email_stats.last_opened"],
        "2026-11-21T20:00:05Z"
    );
    let again = mail(3, &["2026-11-21 20:00:00", "2026-11-21 20:00:06"]);
    house
        .mautic
        .tables
        .lock()
        .unwrap()
        .get_mut("email_stats")
        .unwrap()[2] = again;
    house.poll(Feed::LateOpens).await;
    assert!(house.store.keys().contains("open:h3:2"));
}

#[tokio::test]
async fn contacts_new_and_changed() {
    let house = house(|options| options.contacts = 30);
    for id in 1..=45 {
        let modified = (id % 2 == 0).then_some("2026-11-21T20:00:00+00:00");
        house.mautic.add_contact(id, modified);
    }
    let seen = |house: &House| -> BTreeSet<u32> {
        let contact = |fact| match fact {
            Fact::Profile(profile) => Some(profile.contact.0),
            _ => None,
        };
        house
            .store
            .facts()
            .into_iter()
            .filter_map(contact)
            .collect()
    };
    house.drain(Feed::NewContacts).await;
    assert_eq!(seen(&house), (1..=45).collect());
    assert_eq!(house.store.cursors()["contacts.new"], "45");
    house.store.forget_facts();
    house.drain(Feed::ChangedContacts).await;
    assert_eq!(seen(&house).len(), 22);
    let cursor = "2026-11-21T20:00:00Z";
    assert_eq!(house.store.cursors()["contacts.changed"], cursor);
    house.store.forget_facts();
    house
        .mautic
        .add_contact(7, Some("2026-11-21T20:00:01+00:00"));
    house.drain(Feed::ChangedContacts).await;
    assert!(seen(&house).contains(&7));
    house.poll(Feed::ChangedContacts).await;
    house.store.forget_facts();
    house.poll(Feed::ChangedContacts).await;
    assert_eq!(house.store.batches().len(), 0);
}

/// After a restore of Mautic, or deletions; nobody has to be edited, nor do anything.
#[tokio::test]
async fn who_gets_the_id_of_the_newest_who_are_gone_is_found() {
    let house = house(|_| {});
    (1..=95).for_each(|id| house.mautic.add_contact(id, None));
    house.drain(Feed::NewContacts).await;
    let cursor = || house.store.cursors()["contacts.new"].clone();
    let gone = |from: u32| drop(house.mautic.contacts.lock().unwrap().split_off(&from));
    for (there, next) in [(90, 91), (5, 6)] {
        gone(next);
        house.drain(Feed::NewContacts).await;
        assert_eq!(cursor(), there.to_string());
        house.mautic.add_contact(next, None);
        house.store.forget_facts();
        house.drain(Feed::NewContacts).await;
        let told = house.store.facts();
        let is = |fact: &Fact| matches!(fact, Fact::Profile(it) if it.contact == ContactId(next));
        assert!(told.iter().any(is), "{next}");
    }
    // All are gone: that is asked for again and again, until somebody is there.
    gone(1);
    house.drain(Feed::NewContacts).await;
    assert_eq!(cursor(), "6");
    house.mautic.add_contact(1, None);
    house.drain(Feed::NewContacts).await;
    assert_eq!(cursor(), "1");
}

#[tokio::test]
async fn a_sweep_of_contacts_goes_on_where_it_was_cut_off() {
    let house = house(|options| options.pages = 1);
    for id in 1..=25 {
        house
            .mautic
            .add_contact(id, Some("2026-11-21T20:00:00+00:00"));
    }
    assert!(house.poll(Feed::ChangedContacts).await.more);
    let cursor = house.store.cursors()["contacts.changed"].clone();
    assert_eq!(
        cursor,
        "1970-01-01T00:00:00Z 10 2026-11-21T20:00:00Z 2026-11-21T22:00:00Z"
    );
    let again = house_on(house.store, house.mautic, house.poller.options.clone());
    again.mautic.asked();
    again.drain(Feed::ChangedContacts).await;
    assert_eq!(
        again.mautic.asked(),
        ["contacts after 10", "contacts after 20"]
    );
}

#[tokio::test]
async fn who_is_edited_after_a_sweep_passed_is_found_by_the_next() {
    let house = house(|options| options.pages = 1);
    for id in 1..=25 {
        house
            .mautic
            .add_contact(id, Some("2026-11-21T20:00:00+00:00"));
    }
    assert!(house.poll(Feed::ChangedContacts).await.more);
    // 3 was on the page just read; an edit of 25 is later by far and on a page to come.
    let edit = |id, at| house.mautic.add_contact(id, Some(at));
    edit(3, "2026-11-21T22:00:01+00:00");
    edit(25, "2026-11-21T22:09:00+00:00");
    house
        .mautic
        .ahead
        .store(600, std::sync::atomic::Ordering::Relaxed);
    house.drain(Feed::ChangedContacts).await;
    assert_eq!(
        house.store.cursors()["contacts.changed"],
        "2026-11-21T21:59:00Z"
    );
    house.store.forget_facts();
    house.poll(Feed::ChangedContacts).await;
    let is_3 = |fact: &Fact| matches!(fact, Fact::Profile(it) if it.contact == ContactId(3));
    assert!(house.store.facts().iter().any(is_3));
    // Nothing happens: it has caught up.
    house.store.forget_facts();
    house.poll(Feed::ChangedContacts).await;
    house.poll(Feed::ChangedContacts).await;
    assert_eq!(house.store.batches().len(), 1);
}

/// A clock that goes on by a second whenever it is looked at.
#[derive(Debug)]
struct Ticking(ManualClock);

impl Clock for Ticking {
    fn now(&self) -> Timestamp {
        self.0.advance(jiff::SignedDuration::from_secs(1));
        self.0.now()
    }
}

#[tokio::test]
async fn profiles_are_as_of_the_question_that_showed_them() {
    for feed in [Feed::NewContacts, Feed::ChangedContacts] {
        let mut house = house(|_| {});
        house.poller.clock = Arc::new(Ticking(ManualClock::new(at(NOW))));
        for id in 1..=15 {
            house
                .mautic
                .add_contact(id, Some("2026-11-21T20:00:00+00:00"));
        }
        // The round began long before.
        let round = at("2026-11-21T21:00:00Z");
        house.poller.poll_once(feed, round).await.unwrap();
        let as_of = |fact| match fact {
            Fact::Profile(profile) => Some(profile.as_of),
            _ => None,
        };
        let told: BTreeSet<_> = house.store.facts().into_iter().filter_map(as_of).collect();
        let pages = ["2026-11-21T22:00:01Z", "2026-11-21T22:00:02Z"];
        assert_eq!(told, pages.map(at).into());
    }
}

#[tokio::test]
async fn who_is_out_was_out_when_the_table_was_read() {
    let house = house(|options| options.segments = vec![SegmentId(4)].into());
    house.mautic.add(Table::SegmentMembers, [member("4", 1)]);
    house.poll(Feed::Members).await;
    house.mautic.tables.lock().unwrap().clear();
    let round = at("2026-11-21T21:00:00Z");
    house.poller.poll_once(Feed::Members, round).await.unwrap();
    let left = house.store.facts().into_iter().find_map(|fact| match fact {
        Fact::Membership {
            member: false, at, ..
        } => Some(at),
        _ => None,
    });
    assert_eq!(left, Some(at(NOW)));
}

fn audit(id: &str, action: &str, contact: &str, details: &str, day: u32) -> Row {
    row(&[
        ("id", id),
        ("bundle", "lead"),
        ("object", "lead"),
        ("object_id", contact),
        ("action", action),
        ("details", details),
        ("date_added", &format!("2026-11-{day} 20:00:00")),
    ])
}

async fn merge_and_deletion(day: u32, rows: u32) -> Vec<Fact> {
    let house = house(|options| options.rows = rows);
    let merged = r#"a:1:{s:11:"merged_into";i:3;}"#;
    let rows = [
        audit("7", "merge", "2", merged, day),
        audit("8", "delete", "2", "a:0:{}", day),
        audit("9", "delete", "4", "a:0:{}", day),
    ];
    house.mautic.add(Table::AuditLog, rows);
    house.drain(Feed::AuditLog).await;
    house.store.facts()
}

#[tokio::test]
async fn the_end_of_a_merge_is_no_deletion_even_on_the_next_page() {
    let (loser, winner, contact) = (ContactId(2), ContactId(3), ContactId(4));
    let merged = |at| Fact::Merged { loser, winner, at };
    let long_ago = at("2026-11-20T20:00:00Z");
    let deleted = |contact| Fact::Deleted {
        contact,
        at: long_ago,
    };
    for rows in [1, 10] {
        let facts = merge_and_deletion(20, rows).await;
        assert_eq!(facts, [merged(long_ago), deleted(contact)]);
    }
    // Of what happened just now Mautic is asked; the journal knows the loser as merged.
    let now = at("2026-11-21T20:00:00Z");
    let gone = |contact| Fact::Gone { contact, at: now };
    let facts = merge_and_deletion(21, 1).await;
    assert_eq!(facts, [merged(now), gone(loser), gone(contact)]);
    let facts = merge_and_deletion(21, 10).await;
    assert_eq!(facts, [merged(now), gone(contact)]);
}

fn member(segment: &str, contact: u32) -> Row {
    let contact = contact.to_string();
    row(&[
        ("leadlist_id", segment),
        ("lead_id", &contact),
        ("date_added", "2026-11-21 20:00:00"),
    ])
}

/// Who was told to be out.
fn out(store: &MemoryStore) -> Vec<u32> {
    let facts = store.facts().into_iter();
    let contact = |fact| match fact {
        Fact::Membership {
            contact,
            member: false,
            ..
        } => Some(contact.0),
        _ => None,
    };
    facts.filter_map(contact).collect()
}

#[tokio::test]
async fn members_without_a_row_are_out() {
    let house = house(|options| options.segments = vec![SegmentId(4)].into());
    let members = |ids: &[u32]| ids.iter().map(|id| member("4", *id)).collect::<Vec<_>>();
    let held = |ids: &[u32]| {
        house.mautic.tables.lock().unwrap().clear();
        house.mautic.add(Table::SegmentMembers, members(ids));
    };
    held(&(1..=25).collect::<Vec<_>>());
    house.poll(Feed::Members).await;
    assert_eq!(out(&house.store), [0; 0]);
    // The next sweep finds three rows missing, one of them a merged-away id's.
    held(&(4..=25).chain([99]).collect::<Vec<_>>());
    let (loser, winner) = (ContactId(99), ContactId(2));
    let now = at(NOW);
    let merged = Sighting {
        source: Source::Poll,
        fact: Fact::Merged {
            loser,
            winner,
            at: now,
        },
    };
    let page = Page {
        decoded: Decoded {
            sightings: vec![merged],
            ..Decoded::default()
        },
        cursor: None,
        asked_at: now,
        urgency: urgency(true),
        asked: None,
    };
    page.apply(&*house.store).await.unwrap();
    house.poll(Feed::Members).await;
    assert_eq!(out(&house.store), [1, 3]);
    // An emptied segment is out altogether; what another segment holds is nothing to it.
    house.store.forget_facts();
    held(&[1]);
    house.poll(Feed::Members).await;
    held(&[]);
    house.mautic.add(Table::SegmentMembers, [member("9", 1)]);
    house.poll(Feed::Members).await;
    assert_eq!(out(&house.store), [1]);
}

#[tokio::test]
async fn nobody_is_out_of_a_table_that_was_not_read_to_its_end() {
    let house = house(|options| options.segments = vec![SegmentId(4)].into());
    let held = |rows: Vec<Row>| {
        house.mautic.tables.lock().unwrap().clear();
        house.mautic.add(Table::SegmentMembers, rows);
    };
    held((1..=15).map(|id| member("4", id)).collect());
    house.poll(Feed::Members).await;
    house.mautic.break_down(Some("lead_lists_leads"));
    held(vec![]);
    assert!(
        house
            .poller
            .poll_once(Feed::Members, at(NOW))
            .await
            .is_err()
    );
    house.mautic.break_down(None);
    // A row that can't be read may be anybody's.
    let mut bad = member("4", 15);
    bad.remove("date_added");
    held(vec![member("4", 1), bad]);
    house.poll(Feed::Members).await;
    // Mautic counts more rows than it hands out.
    *house.mautic.withheld.lock().unwrap() = 3;
    held((1..=12).map(|id| member("4", id)).collect());
    house.poll(Feed::Members).await;
    assert_eq!(out(&house.store), [0; 0]);
    *house.mautic.withheld.lock().unwrap() = 0;
    house.poll(Feed::Members).await;
    assert_eq!(out(&house.store), [13, 14, 15]);
}

#[tokio::test]
async fn members_of_owned_segments_are_read_whole() {
    let house = house(|options| options.segments = vec![SegmentId(4)].into());
    house
        .mautic
        .add(Table::SegmentMembers, (1..=20).map(|id| member("4", id)));
    house
        .mautic
        .add(Table::SegmentMembers, (1..=5).map(|id| member("9", id)));
    assert_eq!(house.poll(Feed::Members).await.rows, 20);
    assert!(house.store.facts().iter().all(|fact| matches!(
        fact,
        Fact::Membership {
            segment: SegmentId(4),
            member: true,
            ..
        } | Fact::Activity(_)
    )));
    let entries = (1..=20).map(|id| format!("segment:4:{id}:1795291200"));
    assert_eq!(house.store.keys(), entries.collect());
}

#[tokio::test]
async fn entries_into_campaigns_are_read_by_their_date() {
    let house = house(|options| options.pages = 2);
    let entered = |id: u32, date: &str| {
        let id = id.to_string();
        row(&[("campaign_id", "3"), ("lead_id", &id), ("date_added", date)])
    };
    // More within one second than one poll should read.
    let many = (1..=25).map(|id| entered(id, "2026-11-21 20:00:00"));
    house.mautic.add(Table::CampaignMembers, many);
    let later = entered(26, "2026-11-21 20:00:05");
    house.mautic.add(Table::CampaignMembers, [later]);
    // A second is read to its end, or the next poll would begin with it anew.
    assert!(!house.poll(Feed::Campaigns).await.more);
    assert_eq!(house.store.keys().len(), 26);
    assert!(house.store.keys().contains("campaign:3:26:1795291205"));
    let cursor = &house.store.cursors()["campaign_leads"];
    assert_eq!(cursor, "2026-11-21T20:00:05Z");
    // Committed late.
    let late = entered(27, "2026-11-21 19:59:06");
    house.mautic.add(Table::CampaignMembers, [late]);
    house.poll(Feed::Campaigns).await;
    assert_eq!(house.store.keys().len(), 27);
}

#[tokio::test]
async fn a_video_that_is_watched_on_is_read_again() {
    let house = house(|_| {});
    let watched = |seconds: &str, date: &str| {
        let known = [("url", "https://example.test/film"), ("duration", "300")];
        let mut row = row(&known);
        let renewed = [("id", "1"), ("lead_id", "2"), ("time_watched", seconds)];
        row.extend(self::row(&renewed));
        row.extend(self::row(&[("date_hit", date)]));
        row
    };
    let first = watched("9", "2026-11-21 20:00:00");
    house.mautic.add(Table::VideoHits, [first]);
    house.poll(Feed::Videos).await;
    let renewed = watched("120", "2026-11-21 20:03:00");
    let mut tables = house.mautic.tables.lock().unwrap().clone();
    tables.insert("video_hits", vec![renewed]);
    *house.mautic.tables.lock().unwrap() = tables;
    house.poll(Feed::Videos).await;
    let plays: Vec<Activity> = house
        .store
        .facts()
        .into_iter()
        .filter_map(activity)
        .collect();
    let [mut first, second] = <[Activity; 2]>::try_from(plays).unwrap();
    assert_eq!(first.key, second.key);
    assert!(first.absorb(Source::Poll, &second, Source::Poll));
    assert_eq!(first.attribute("time_watched"), Some("120"));
    assert_eq!(first.attribute("duration"), Some("300"));
    assert_eq!(first.at, at("2026-11-21T20:00:00Z"));
    assert_eq!(first.url.as_deref(), Some("https://example.test/film"));
}

fn activity(fact: Fact) -> Option<Activity> {
    match fact {
        Fact::Activity(activity) => Some(activity),
        _ => None,
    }
}

#[tokio::test]
async fn segments_of_a_plan_loaded_later_are_read_soon() {
    let (segments, mut now_named) = tokio::sync::watch::channel(BTreeSet::from([SegmentId(4)]));
    now_named.mark_unchanged();
    let house =
        house(|options| options.segments = Segments::of(move || now_named.borrow().clone()));
    let stop = CancellationToken::new();
    let asked = |house: &House| {
        let asked = house.mautic.asked().into_iter();
        let members: Vec<_> = asked.filter(|how| how.contains("Members")).collect();
        members.join(" ")
    };
    let round = |second: i8| at(NOW) + jiff::SignedDuration::from_secs(second.into());
    house.poller.round(round(0), &stop).await;
    assert!(asked(&house).contains("SegmentId(4)"));
    house.poller.round(round(15), &stop).await;
    assert_eq!(asked(&house), "");
    segments.send_replace([4, 9].map(SegmentId).into());
    // What fails is tried again after a pause, not at once.
    house.mautic.break_down(Some("lead_lists_leads"));
    house.poller.round(round(30), &stop).await;
    house.mautic.break_down(None);
    asked(&house);
    house.poller.round(round(31), &stop).await;
    assert_eq!(asked(&house), "");
    house.poller.round(round(45), &stop).await;
    assert!(asked(&house).contains("SegmentId(9)"));
    house.poller.round(round(60), &stop).await;
    assert_eq!(asked(&house), "");
    // Points hang on it now; when no more do, nothing is read anew.
    house.store.adjusted.lock().unwrap().insert(SegmentId(7));
    house.poller.round(round(75), &stop).await;
    assert!(asked(&house).contains("SegmentId(7)"));
    house.store.adjusted.lock().unwrap().clear();
    house.poller.round(round(90), &stop).await;
    assert_eq!(asked(&house), "");
}

#[tokio::test]
async fn one_table_that_fails_does_not_stop_the_others() {
    let house = house(|_| {});
    house.mautic.add(Table::PageHits, [hit(1)]);
    house.mautic.break_down(Some("audit_log"));
    let stop = CancellationToken::new();
    house.poller.round(at(NOW), &stop).await;
    assert_eq!(house.store.keys(), hits(1..=1));
    let status = house.poller.status();
    let (audit, page_hits) = (&status[&Feed::AuditLog], &status[&Feed::Hits]);
    assert_eq!((audit.failures, audit.last_success), (1, None));
    let error = audit.error.clone().unwrap();
    assert!(error.contains("no answer from Mautic in time"), "{error}");
    assert!(
        house.poller.only_fails(),
        "all others were read to their end"
    );
    assert_eq!((page_hits.rows, page_hits.last_success), (1, Some(at(NOW))));
    // It waits a little before it tries again, and forgets the error when that works.
    house.mautic.break_down(None);
    house.poller.round(at("2026-11-21T22:00:01Z"), &stop).await;
    assert_eq!(house.poller.status()[&Feed::AuditLog].failures, 1);
    house.poller.round(at("2026-11-21T22:00:02Z"), &stop).await;
    let audit = &house.poller.status()[&Feed::AuditLog];
    assert_eq!((audit.failures, &audit.error), (0, &None));
    assert!(!house.poller.only_fails());
    assert_eq!(audit.lag(at("2026-11-21T22:00:05Z")).unwrap().as_secs(), 3);
}

#[tokio::test]
async fn what_is_dear_to_mautic_is_asked_rarely() {
    let house = house(|_| {});
    let stop = CancellationToken::new();
    let asked = |house: &House| {
        house
            .mautic
            .asked()
            .iter()
            .any(|how| how.contains("last_opened"))
    };
    house.poller.round(at(NOW), &stop).await;
    assert!(asked(&house));
    house.poller.round(at("2026-11-21T22:04:59Z"), &stop).await;
    assert!(!asked(&house));
    house.poller.round(at("2026-11-21T22:05:00Z"), &stop).await;
    assert!(asked(&house));
}

#[tokio::test]
async fn unreadable_rows_are_parked_and_rows_without_ids_are_an_error() {
    let house = house(|_| {});
    let mut bad = hit(2);
    bad.remove("date_hit");
    house.mautic.add(Table::PageHits, [hit(1), bad]);
    assert_eq!(house.poll(Feed::Hits).await.unreadable, 1);
    let parked = house.store.batches()[0].parked[0].clone();
    assert_eq!((parked.delivery, &*parked.kind), (None, "page_hits"));
    assert_eq!(parked.reason, "date_hit is missing");
    let nameless = ids::last_id(&[row(&[("lead_id", "1")])]);
    assert!(nameless.unwrap_err().to_string().contains("no ids"));
}

#[tokio::test]
async fn a_round_ends_when_it_is_told_to() {
    let house = house(|_| {});
    let stop = CancellationToken::new();
    stop.cancel();
    house.poller.round(at(NOW), &stop).await;
    assert_eq!(house.mautic.asked(), Vec::<String>::new());
    house.poller.run(stop).await;
}

/// Polls a table at a moment; what was said of a Mautic that went back.
async fn look(house: &House, feed: Feed, now: &str) -> Option<WentBack> {
    match house.poller.poll_once(feed, at(now)).await {
        Ok(_) => None,
        Err(PollError::WentBack(sign)) => Some(sign),
        Err(error) => panic!("{error}"),
    }
}

fn replace(house: &House, table: Table, rows: impl IntoIterator<Item = Row>) {
    house.mautic.tables.lock().unwrap().remove(table.name());
    house.mautic.add(table, rows);
}

#[tokio::test]
async fn another_row_by_a_known_id_stops_everything() {
    let house = house(|options| options.rows = 100);
    house.mautic.add(Table::PageHits, (1..=9).map(hit));
    assert_eq!(look(&house, Feed::Hits, NOW).await, None);
    let another = row(&[
        ("id", "9"),
        ("lead_id", "5"),
        ("date_hit", "2026-11-21 21:59:59"),
        ("url", "u"),
    ]);
    replace(
        &house,
        Table::PageHits,
        (1..=8).map(hit).chain([another, hit(10)]),
    );
    house.store.forget_facts();
    let sign = look(&house, Feed::Hits, NOW).await.unwrap();
    let expected = WentBack {
        table: "page_hits".to_owned(),
        row: 9,
        was: at("2026-11-21T20:00:00Z"),
        is: Some(at("2026-11-21T21:59:59Z")),
        noticed_at: at(NOW),
    };
    assert_eq!(sign, expected);
    assert_eq!(house.store.batches().len(), 0, "nothing of it is applied");
    assert!(house.poller.signals.standstill.is_cancelled());
    let kept = house.store.setting(WENT_BACK).await.unwrap().unwrap();
    assert_eq!(serde_json::from_str::<WentBack>(&kept).unwrap(), expected);
    let round = house.poller.round(at(NOW), &CancellationToken::new()).await;
    assert_eq!(round, Polled::default(), "nothing is read any more");
}

#[tokio::test]
async fn rows_that_stay_away_stop_everything() {
    let house = house(|options| options.rows = 100);
    house.mautic.add(Table::PageHits, (1..=9).map(hit));
    assert_eq!(look(&house, Feed::Hits, NOW).await, None);
    replace(&house, Table::PageHits, (1..=8).map(hit));
    assert_eq!(look(&house, Feed::Hits, NOW).await, None);
    // It was a replica that lagged.
    house.mautic.add(Table::PageHits, [hit(9)]);
    assert_eq!(look(&house, Feed::Hits, "2026-11-21T22:04:00Z").await, None);
    replace(&house, Table::PageHits, (1..=8).map(hit));
    assert_eq!(look(&house, Feed::Hits, "2026-11-21T22:06:00Z").await, None);
    assert_eq!(look(&house, Feed::Hits, "2026-11-21T22:10:59Z").await, None);
    let sign = look(&house, Feed::Hits, "2026-11-21T22:11:00Z").await;
    assert_eq!(sign.unwrap().is, None);
    assert_eq!(house.read_to(Feed::Hits), 9);
}

/// Pages may be smaller than what is read again.
#[tokio::test]
async fn another_row_is_seen_on_a_later_page() {
    let house = house(|options| options.pages = 10);
    house.mautic.add(Table::PageHits, (1..=45).map(hit));
    house.drain(Feed::Hits).await;
    house.poll(Feed::Hits).await;
    replace(&house, Table::PageHits, (1..=44).map(hit));
    assert_eq!(look(&house, Feed::Hits, NOW).await, None);
    assert_eq!(look(&house, Feed::Hits, "2026-11-21T22:04:00Z").await, None);
    let later = at(NOW) + SignedDuration::from_mins(5);
    let sign = look(&house, Feed::Hits, &later.to_string()).await;
    assert_eq!(sign.map(|sign| sign.row), Some(45));
}

#[tokio::test]
async fn people_are_read_before_what_they_did() {
    let house = house(|_| {});
    for id in 1..=75 {
        house.mautic.add_contact(id, None);
    }
    let merged = r#"a:1:{s:11:"merged_into";i:3;}"#;
    let rows = (1..=40).map(|id: u32| audit(&id.to_string(), "merge", "2", merged, 20));
    house.mautic.add(Table::AuditLog, rows);
    house.poller.read_people(&CancellationToken::new()).await;
    let asked = house.mautic.asked();
    let merges = asked.iter().position(|it| it.starts_with("audit_log"));
    let (people, merges) = asked.split_at(merges.unwrap());
    assert!(
        people.iter().all(|it| it.starts_with("contacts")),
        "{people:?}"
    );
    assert!(people.contains(&"contacts after 70".to_owned()));
    assert!(
        merges.iter().all(|it| it.starts_with("audit_log")),
        "{merges:?}"
    );
    assert_eq!(house.read_to(Feed::AuditLog), 40);
}

fn logged_at(id: u64, contact: &str, date: &str) -> Row {
    row(&[
        ("id", &id.to_string()),
        ("lead_id", contact),
        ("type", "url"),
        ("event_name", "e"),
        ("action_name", "a"),
        ("delta", "1"),
        ("date_added", date),
    ])
}

fn logged(id: u64, contact: &str) -> Row {
    logged_at(id, contact, "2026-11-21 20:00:00")
}

#[tokio::test]
async fn points_logged_late_are_found_when_they_have_settled() {
    let house = house(|options| options.rows = 100);
    let young = |id| logged_at(id, "4", "2026-11-21 21:30:00");
    house
        .mautic
        .add(Table::PointsLog, (1..=10).map(|id| logged(id, "4")));
    let unlike_12 = (11..=100).filter(|id| *id != 12);
    house.mautic.add(Table::PointsLog, unlike_12.map(young));
    for feed in [Feed::PointsLog, Feed::SettledPoints] {
        house.drain(feed).await;
    }
    // What had settled by the start is not read twice.
    assert_eq!(house.read_to(Feed::SettledPoints), 10);
    // More rows than are read again were committed before it.
    house.mautic.add(Table::PointsLog, [young(12)]);
    house.drain(Feed::PointsLog).await;
    assert!(!house.store.keys().contains("log:12"));
    house.store.forget_facts();
    house
        .poll_at(Feed::SettledPoints, at("2026-11-21T22:30:00Z"))
        .await;
    assert!(house.store.keys().contains("log:12"));
    assert_eq!(house.store.keys().len(), 90);
}

#[tokio::test]
async fn logged_points_go_with_their_contact() {
    let house = house(|options| options.rows = 100);
    house.mautic.add_contact(5, None);
    house
        .mautic
        .add(Table::PointsLog, [logged(1, "4"), logged(2, "5")]);
    for now in [NOW, "2026-11-21T23:00:00Z"] {
        assert_eq!(look(&house, Feed::PointsLog, now).await, None);
    }
    house.mautic.contacts.lock().unwrap().remove(&5);
    replace(&house, Table::PointsLog, [logged(1, "4")]);
    for now in ["2026-11-21T23:01:00Z", "2026-11-21T23:09:00Z"] {
        assert_eq!(look(&house, Feed::PointsLog, now).await, None);
    }
    house.mautic.add_contact(5, None);
    let sign = look(&house, Feed::PointsLog, "2026-11-21T23:10:00Z").await;
    assert_eq!((sign.unwrap().row, house.read_to(Feed::PointsLog)), (2, 2));
}
