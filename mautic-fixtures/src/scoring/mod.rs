//! How Mautic itself scores.

pub mod triggers;
pub mod validators;
