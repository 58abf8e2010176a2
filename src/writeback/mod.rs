//! From desired and observed values to calls, and from answers back to observed values.

mod attempt;
mod call;
mod client;
mod dispatcher;
mod mautic;

pub use call::{Call, call_for, must_look, segment_adds};
pub use client::ClientWrites;
pub use dispatcher::Dispatcher;
pub use mautic::{Answered, CallError, GroupWrite, Identity, MauticWrites};
