//! topicscore: topic scores beside Mautic.
//!
//! ```text
//! Mautic ─webhooks─┐                                                     ┌─▶ Mautic REST
//! Mautic ◀──polls──┴▶ intake ─▶ journal ─▶ scoring ─▶ outbox ─▶ writeback ┘
//!                                (store)    (pure)     (store)
//!                      plan ───────────────▶┘                  web, cli: read the store, ask the workers
//! ```
//!
//! The modules in reading order; see `ARCHITECTURE.md` for what each may touch.

#![cfg_attr(
    not(test),
    warn(
        clippy::print_stdout,
        clippy::print_stderr,
        reason = "they panic where a disk is full or a reader went away: cli::output says it"
    )
)]

pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod demo;
pub mod diagnostics;
pub mod domain;
pub mod health;
pub mod intake;
pub mod lifecycle;
pub mod mautic;
pub mod metrics;
pub mod people;
pub mod plan;
pub mod scorer;
pub mod scoring;
pub mod store;
pub mod wake;
pub mod web;
pub mod writeback;
