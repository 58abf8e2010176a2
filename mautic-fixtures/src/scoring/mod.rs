//! How Mautic itself scores.

pub mod point_actions;
pub mod triggers;
pub mod validators;
