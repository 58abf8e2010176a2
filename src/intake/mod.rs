//! What comes in from Mautic: webhooks and polls, into the journal.

pub mod decode;
mod decoder;
pub mod poll;
mod reader;
pub mod receiver;
mod refresh;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod testing;

pub use decoder::{Decoder, Decodings, Signals};
pub use reader::{Reader, Rows, Which};
pub use refresh::Refresh;
