//! From desired and observed values to calls, and from answers back to observed values; and what
//! triggers do.

mod adding;
mod attempt;
mod call;
mod client;
mod dispatcher;
pub mod effects;
mod mautic;
mod points;
pub mod sweep;
mod told;

pub use call::{Call, call_for, must_look, segment_adds};
pub use client::ClientWrites;
pub use dispatcher::Dispatcher;
pub use effects::EffectWorker;
pub use mautic::{Answered, CallError, GroupWrite, Identity, MauticWrites, PointsWrite};
pub use points::{Next, Seen, fate, next};
pub use sweep::Sweep;
