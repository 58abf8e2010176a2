//! Everything at work in one process on loopback: a Mautic stand-in, visitors, and the daemon.

mod oracle;
mod plan;
mod rest;
mod scene;
mod visitors;

pub use oracle::{Difference, Held, Story, differences};
pub use rest::{Report, come_to_rest, report};
pub use scene::{Mautic, Scene, SceneOptions, Stage};
pub use visitors::{Crowd, crowd_of};
