//! What triggers do: effects to calls, mails and webhooks, each at most once where it can't be undone.
//!
//! [`decide`] judges what an attempt means, [`render`] and [`sign`] write what goes out: PURE.
//! [`worker`] claims, does and keeps; Mautic, the mail server and the receivers of webhooks stand
//! behind [`ports`].

pub mod decide;
mod hooks;
mod mautic;
mod ports;
pub mod render;
pub mod sign;
mod smtp;
#[cfg(test)]
mod tests;
mod worker;

pub use decide::Trouble;
pub use hooks::{HookTarget, HttpHooks};
pub use ports::{Hooks, Mailer, MauticEffects, NoMail, OutgoingMail, WebhookCall};
pub use smtp::{SmtpMailer, SmtpSettings, SmtpTls};
pub use worker::EffectWorker;
