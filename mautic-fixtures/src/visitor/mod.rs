//! What visitors reach: tracking, landing pages, assets, redirects, pixels and forms.

pub mod bots;
pub mod device_detection;
