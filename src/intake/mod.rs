//! What comes in from Mautic: webhooks and polls, into the journal.

pub mod decode;
pub mod receiver;
