//! Stores of released formats.

use crate::told::Told;
use crate::{config, nobody, stores};
use jiff::Timestamp;
use std::{fs, path::Path, path::PathBuf, sync::Arc};
use topicscore::app::{Instance, PlanSource};
use topicscore::clock::ManualClock;
use topicscore::health::Weight;
use topicscore::plan::Compiled;
use topicscore::scorer::Scorer;
use topicscore::store::SharedStore;
use topicscore::wake::Wake;

/// The largest store of the tests, unpacked.
const LARGEST: usize = 64 << 20;

/// A released format with its files.
struct Release {
    format: u32,
    folder: tempfile::TempDir,
    plan: String,
    told: Told,
}

fn releases() -> Vec<Release> {
    let mut formats: Vec<u32> = fs::read_dir(stores())
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let format = name.strip_prefix('v')?.strip_suffix(".db.zst")?;
            Some(format.parse().unwrap())
        })
        .collect();
    formats.sort_unstable();
    formats.into_iter().map(unpack).collect()
}

fn unpack(format: u32) -> Release {
    let file = |ending: &str| stores().join(format!("v{format}.{ending}"));
    let folder = tempfile::tempdir().unwrap();
    let packed = fs::read(file("db.zst")).unwrap();
    let store = zstd::bulk::decompress(&packed, LARGEST).unwrap();
    fs::write(store_of(folder.path()), store).unwrap();
    let told = fs::read_to_string(file("json")).unwrap();
    Release {
        format,
        folder,
        plan: fs::read_to_string(file("plan.toml")).unwrap(),
        told: serde_json::from_str(&told).unwrap(),
    }
}

fn store_of(folder: &Path) -> PathBuf {
    folder.join("topicscore.db")
}

fn format_of(file: &Path) -> u32 {
    let query = "SELECT max(version) FROM refinery_schema_history";
    let db = rusqlite::Connection::open(file).unwrap();
    db.query_row(query, [], |row| row.get(0)).unwrap()
}

/// The newest format there is.
fn newest() -> u32 {
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/migrations/sqlite");
    let numbers = fs::read_dir(migrations).unwrap().map(|entry| {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let number = name.strip_prefix('V').unwrap().split("__").next().unwrap();
        number.parse().unwrap()
    });
    numbers.max().unwrap()
}

fn problems(file: &Path, pragma: &str) -> Vec<String> {
    let db = rusqlite::Connection::open(file).unwrap();
    let mut statement = db.prepare(&format!("PRAGMA {pragma}")).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// Opens a release as the daemon does, at the moment it was left, with no Mautic to be asked.
async fn open(release: &Release) -> (Instance, Arc<Compiled>) {
    let config = config(release.folder.path(), &nobody());
    let clock = ManualClock::new(release.told.at);
    let instance = Instance::open(config, Arc::new(clock)).unwrap();
    let source = PlanSource {
        file: "plan.toml".into(),
        text: release.plan.clone(),
    };
    let plan = instance.load_plan(&source).await.unwrap();
    (instance, plan)
}

async fn score_everybody(instance: &Instance, at: Timestamp) -> usize {
    let store: &SharedStore = &instance.store;
    store.mark_outdated("no plan at all", at).await.unwrap();
    let health = instance
        .health
        .component("scorer", Weight::Required, None, at);
    let scorer = Scorer {
        store: Arc::clone(store),
        clock: Arc::clone(&instance.clock),
        plan: instance.plan(),
        owner: instance.owner.clone(),
        dirty: Wake::default(),
        intents: Wake::default(),
        metrics: instance.metrics.metrics.scorer.clone(),
        health,
    };
    let mut contacts = 0;
    loop {
        match scorer.step().await.unwrap() {
            0 => return contacts,
            some => contacts += some,
        }
    }
}

#[tokio::test]
async fn stores_of_released_formats_open_and_give_the_same_scores() {
    let releases = releases();
    assert!(!releases.is_empty());
    for release in releases {
        let (format, told) = (release.format, &release.told);
        let file = store_of(release.folder.path());
        assert_eq!(format_of(&file), format, "the store is of another format");
        let (instance, plan) = open(&release).await;
        let (at, later) = (told.at, told.later);
        let kept = Told::by(&instance.store, &plan, at, later).await;
        assert_eq!(
            &kept.of_what_counted(told),
            told,
            "format {format}, as opened"
        );
        let scored = score_everybody(&instance, at).await;
        assert_eq!(scored as u64, told.counts["contacts"]);
        let anew = Told::by(&instance.store, &plan, at, later).await;
        assert_eq!(
            &anew.of_what_counted(told),
            told,
            "format {format}, scored anew"
        );
        drop(instance);
        assert_eq!(format_of(&file), newest());
        assert_eq!(problems(&file, "integrity_check"), ["ok"]);
        assert_eq!(problems(&file, "foreign_key_check"), [""; 0]);
    }
}

/// A store in which something is missing would show little.
#[test]
fn stores_of_released_formats_have_something_of_everything() {
    for release in releases() {
        for (kind, count) in &release.told.counts {
            let may_be_none = [
                "dirty",
                "parked_intents",
                "failed_effects",
                "unknown_effects",
            ];
            assert!(
                *count > 0 || may_be_none.contains(&kind.as_str()),
                "format {} has no {kind}",
                release.format
            );
        }
    }
}
