//! Replays recordings of a real Mautic through the product's own way in, and compares what the
//! journal then holds, by which source told it.
//!
//! A recording is a folder: `deliveries.jsonl` (every webhook in order of arrival, with headers and
//! secret), `stats/TABLE.json` (all rows of `/api/stats/TABLE`), `contacts.json` (contacts by id),
//! `setup.json` (its `segments`, if any), `timeline.jsonl` (what was done, if known).
//! Used by the example and by `tests/recordings.rs`.

#![allow(
    dead_code,
    unused_imports,
    reason = "the example and the test each use their part"
)]

mod causes;
mod deliveries;
mod differences;
mod journal;
mod mautic;
mod recording;
mod report;
mod told;
mod ways;

pub(crate) use causes::Cause;
pub(crate) use deliveries::decodes;
pub(crate) use recording::Recording;
pub(crate) use report::{Outcome, Report, Sources, replay_all};
pub(crate) use ways::{Way, filled, ingest_deliveries};
