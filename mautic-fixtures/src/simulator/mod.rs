//! A visitor simulator: a seed gives a list of what visitors do ([`Script`]), [`set_up`] fills a Mautic with things to
//! visit ([`Catalog`]), and [`play`] does it over HTTP, telling afterwards who did what ([`Played`]).
//!
//! Nothing here looks at scores, so an independent computation can be held against what Mautic makes of it.

mod api;
mod browser;
mod catalog;
mod journey;
mod play;
mod script;
mod setup;

pub use api::{Access, ApiError};
pub use catalog::{Catalog, CatalogPlan, Topic};
pub use play::{Activity, ActivityKind, Pace, Played, play};
pub use script::{Action, Device, Script, SimulatorOptions, Step};
pub use setup::set_up;
