//! A daemon that stands still for a while (a laptop's lid, a paused machine) and goes on.
//!
//! `STOP_SECONDS` says for how long (3); 610 is past every lease.

use crate::support::{House, come_to_rest, hooked, lost, open, setting};
use mautic_fixtures::Options;
use mautic_fixtures::simulator::{Pace, play};
use std::time::Duration;
use tokio::time::{Instant, sleep};
use topicscore::demo::{Crowd, Stage, Story, crowd_of};

const CROWD: Crowd = Crowd {
    seed: 3,
    visitors: 12,
    activities: 10,
    merges: true,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_daemon_goes_on_and_a_second_one_is_kept_off() {
    let stop = Duration::from_secs(setting("STOP_SECONDS", 3));
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let house = House::new(folder.path());
    let options = Options {
        seed: CROWD.seed,
        keep_acknowledged: true,
        ..Options::default()
    };
    let stage = Stage::set(options).await.unwrap();
    house.furnish(&stage, &stage.plan());
    let mut daemon = house.start();
    hooked(&stage, &house).await;

    let script = crowd_of(CROWD);
    let span = script.steps.last().unwrap().at;
    let pace = Pace::Times(span.as_secs_f64() / (stop.as_secs_f64().min(20.0) + 4.0));
    let base_url = stage.mautic.0.base_url();
    let began = Instant::now();
    let visits = play(&script, &base_url, &stage.catalog, pace, |_, _| {});
    let stopping = async {
        // In the middle of the load, so that something is under way.
        sleep(Duration::from_secs(2)).await;
        daemon.signal("STOP");
        sleep(stop / 2).await;
        let second = house.beside(other.path());
        second.furnish(&stage, &stage.plan());
        let mut second_daemon = second.start();
        let status = second_daemon.ended().await;
        assert_eq!(status.code(), Some(1));
        let said = second.errors();
        let words = format!("another topicscore works with it (process {})", daemon.id());
        assert!(said.contains(&words), "no `{words}` in: {said}");
        sleep(stop / 2).await;
        daemon.signal("CONT");
        println!("went on after {:?}", began.elapsed());
    };
    let (played, ()) = tokio::join!(visits, stopping);
    println!("visitors were done after {:?}", began.elapsed());
    let mut story = Story::default();
    story.played.push((script, played.unwrap()));
    come_to_rest(&stage, &mut story, &house).await;
    println!("at rest after {:?}", began.elapsed());
    daemon.must_live();
    let acknowledged = stage.mautic.0.acknowledged().await;
    assert_eq!(lost(&acknowledged, &open(&house.store)), [""; 0]);
}
