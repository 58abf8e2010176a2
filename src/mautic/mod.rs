//! Everything that knows Mautic's HTTP: who we are there, how fast we may ask, what its answers
//! mean, and each endpoint as a method of [`Client`] (one file per area).
//!
//! `wire`, `signature`, `retry` and the pacing of `budget` are pure; `client` does the talking.
//! Numbers such as "FACTS 93" name facts measured on a real Mautic 5.1.1.

mod auth;
pub mod budget;
mod client;
mod error;
mod outside;
mod request;
pub mod retry;
pub mod signature;
mod transport;
pub mod wire;

mod contacts;
mod emails;
mod groups;
mod hooks;
mod journeys;
mod points;
mod points_log;
mod reports;
mod segments;
mod stats;
mod system;
#[cfg(test)]
mod tests;

pub use auth::{Credentials, MemoryTokens, Token, TokenStore};
pub use budget::Priority;
pub use client::{Client, Parts, Settings};
pub use contacts::{ContactAnswer, ContactPatch, ContactsQuery, MAX_CONTACTS};
pub use emails::EmailAnswer;
pub use error::{Call, Error, Lost};
pub use groups::{Marker, Note};
pub use hooks::{HookDraft, HookPatch};
pub use outside::{Chance, Dice, NotCarried, Outside, Transport};
pub use points_log::LoggedPoints;
pub use request::{Filter, Test};
pub use segments::{MAX_SEGMENT_BATCH, SegmentAdd};
pub use stats::{MAX_ROWS, StatsQuery};
pub use transport::{Answer, Http};
