//! What triggers do, against a stand-in of Mautic, a mail server and a receiver of webhooks.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed unwrap is a failed test"
)]

pub(super) mod give;
mod receivers;
mod scenes;
mod servers;
