//! Campaigns: membership (FACTS 133) and the console commands that fill and run them.

mod actions;
mod membership;
mod trigger;
mod update;

pub use membership::{add, remove};
pub use trigger::trigger;
pub use update::update;
