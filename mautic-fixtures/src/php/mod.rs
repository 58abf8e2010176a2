//! The parts of PHP whose habits show in answers.

pub mod cast;
pub mod html;
mod json;
pub mod query;

pub use json::json_encode;
