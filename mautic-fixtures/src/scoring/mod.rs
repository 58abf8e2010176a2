//! How Mautic itself scores.

pub mod validators;
