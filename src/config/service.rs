//! `[budget]`, `[poll]`, `[store]`, `[plan]`, `[write]` and `[log]`.

use super::given::Given;
use super::{
    BudgetConfig, LogConfig, LogFormat, LogLevel, PlanConfig, PollConfig, StoreConfig, WriteConfig,
    WriteMode,
};
use std::time::Duration;

const DAYS_90: Duration = Duration::from_hours(90 * 24);

pub(super) fn budget(given: &Given<'_, '_>) -> Option<BudgetConfig> {
    let requests_per_second = match given.get("budget", "requests_per_second") {
        Some(setting) => setting.decimal(0.1..=1000.0),
        None => Some(5.0),
    };
    let burst = integer(given, "budget", "burst", 10, 1..=1000);
    let in_flight = integer(given, "budget", "in_flight", 4, 1..=64);
    Some(BudgetConfig {
        requests_per_second: requests_per_second?,
        burst: burst?,
        in_flight: in_flight?,
    })
}

pub(super) fn poll(given: &Given<'_, '_>) -> Option<PollConfig> {
    let interval = match given.get("poll", "interval") {
        Some(setting) => setting.duration(Duration::from_secs(1)..=Duration::from_hours(24)),
        None => Some(Duration::from_mins(1)),
    };
    let page_size = integer(given, "poll", "page_size", 500, 10..=10_000);
    let overlap = read_overlap(given, page_size);
    Some(PollConfig {
        interval: interval?,
        page_size: page_size?,
        overlap: overlap?,
    })
}

/// A page that is all overlap would never get on.
fn read_overlap(given: &Given<'_, '_>, page_size: Option<u32>) -> Option<u32> {
    let Some(setting) = given.get("poll", "overlap") else {
        return page_size.map(|page_size| (page_size / 2).min(100));
    };
    let overlap = setting.integer(0..=9_999)?;
    if let Some(page_size) = page_size.filter(|page_size| overlap >= *page_size) {
        let message = format!(
            "`overlap` is {overlap}, but a page has only {page_size} rows: polling would stand still"
        );
        setting.error(message, "make `overlap` smaller than `page_size`");
        return None;
    }
    Some(overlap)
}

fn integer(
    given: &Given<'_, '_>,
    section: &'static str,
    key: &'static str,
    default: u32,
    range: std::ops::RangeInclusive<u32>,
) -> Option<u32> {
    match given.get(section, key) {
        Some(setting) => setting.integer(range),
        None => Some(default),
    }
}

/// A path, or a URL `sqlite:PATH`. Other URLs can hold passwords and are not shown.
pub(super) fn store(given: &Given<'_, '_>) -> Option<StoreConfig> {
    const HINT: &str = "write `path = \"topicscore.db\"`";
    let path = match (given.get("store", "path"), given.get("store", "url")) {
        (None, None) => "topicscore.db",
        (Some(path), None) => path.text(HINT)?,
        (None, Some(url)) => match url.text(HINT)?.strip_prefix("sqlite:") {
            Some(path) if !path.trim().is_empty() => path,
            _ => {
                url.error("this version keeps its journal in SQLite only", HINT);
                return None;
            }
        },
        (Some(_), Some(url)) => {
            url.error("`path` and `url` are both given", "keep one of the two");
            return None;
        }
    };
    Some(StoreConfig {
        path: given.path(path),
    })
}

pub(super) fn plan(given: &Given<'_, '_>) -> Option<PlanConfig> {
    let file = match given.get("plan", "file") {
        Some(setting) => setting.text("name the plan's file, such as \"plan.toml\"")?,
        None => "plan.toml",
    };
    Some(PlanConfig {
        file: given.path(file),
    })
}

pub(super) fn write(given: &Given<'_, '_>) -> Option<WriteConfig> {
    let mode = match given.get("write", "mode") {
        Some(setting) => {
            setting.choice(&[("observe", WriteMode::Observe), ("live", WriteMode::Live)])
        }
        None => Some(WriteMode::Observe),
    };
    let sweep = match given.get("write", "sweep") {
        Some(setting) if setting.is("off") => Some(None),
        Some(setting) => setting.duration(Duration::from_mins(1)..=DAYS_90).map(Some),
        None => Some(Some(Duration::from_hours(24))),
    };
    Some(WriteConfig {
        mode: mode?,
        sweep: sweep?,
    })
}

pub(super) fn log(given: &Given<'_, '_>) -> Option<LogConfig> {
    use LogLevel::{Debug, Error, Info, Trace, Warn};
    let level = match given.get("log", "level") {
        Some(setting) => {
            setting.choice(&[Error, Warn, Info, Debug, Trace].map(|one| (one.name(), one)))
        }
        None => Some(Info),
    };
    let format = match given.get("log", "format") {
        Some(setting) => setting.choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)]),
        None => Some(LogFormat::Text),
    };
    Some(LogConfig {
        level: level?,
        format: format?,
    })
}
