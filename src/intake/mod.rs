//! What comes in from Mautic: webhooks and polls, into the journal.

mod again;
mod backfill;
pub mod decode;
mod decoder;
pub mod hook;
pub mod poll;
mod reader;
pub mod receiver;
mod refresh;
mod resolver;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod testing;

pub use again::retry_items;
pub use backfill::{Backfill, Progress};
pub use decoder::{Decoder, Decodings, Signals};
pub use reader::{Reader, Rows, Which};
pub use refresh::Refresh;
pub use resolver::Resolver;
