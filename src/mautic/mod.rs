//! Everything that knows Mautic's HTTP.

pub mod budget;
pub mod retry;
pub mod signature;
pub mod wire;
