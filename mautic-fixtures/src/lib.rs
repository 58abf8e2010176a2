//! A stand-in for Mautic 5.1.1: an HTTP server that answers, scores and sends webhooks as the real one does,
//! held against recordings of the real one.

pub mod server;

pub mod api;
pub mod contacts;
pub mod php;
pub mod scoring;
pub mod state;
pub mod visitor;
pub mod webhooks;

pub mod campaigns;
pub mod cron;
pub mod segments;

pub mod faults;
pub mod held_against;

pub mod simulator;

pub mod recordings;

pub use server::StandIn;
pub use server::options::{ClockKind, OauthClient, Options, QueueMode, User};
