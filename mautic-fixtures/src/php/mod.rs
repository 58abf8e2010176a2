//! The parts of PHP whose habits show in answers.

pub mod alias;
pub mod cast;
pub mod filter;
pub mod fnmatch;
pub mod html;
mod json;
pub mod like;
pub mod query;
pub mod serialize;
pub mod url;

pub use json::{json_encode, json_encode_exact};
