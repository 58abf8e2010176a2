//! Segment membership: by hand, by API, by trigger, and by `mautic:segments:update` (FACTS 79, 130-132).

mod filter;
mod membership;
mod update;

pub use filter::{Known, known};
pub use membership::{Origin, add, json, remove};
pub use update::update;
