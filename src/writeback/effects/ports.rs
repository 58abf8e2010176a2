//! What the worker needs of Mautic, a mail server, and receivers of webhooks.

use super::decide::Trouble;
use crate::domain::{Action, ContactId, EmailId, Urgency};
use crate::writeback::{CallError, Identity};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Mautic's side of effects.
#[async_trait::async_trait]
pub trait MauticEffects: Send + Sync + std::fmt::Debug {
    /// Whose these ids are now; one call for all that are still their own. A read that fails is
    /// tried again.
    async fn whose(
        &self,
        contacts: &[ContactId],
        attempt: u32,
        urgency: Urgency,
    ) -> Result<BTreeMap<ContactId, Identity>, CallError>;

    /// What Mautic's clock shows when ours shows `here`: merges are dated by it.
    fn there(&self, here: Timestamp) -> Timestamp;

    /// Does what can be done twice. `attempt` is the number of failed attempts before this one.
    /// Returns what was answered, for people. An action that can't be done twice is refused.
    async fn carry_out(
        &self,
        contact: ContactId,
        action: &Action,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<String, Trouble>;

    /// Why the contact can't be emailed, if so. To be asked first: without an address Mautic fails in
    /// a way that tells nothing (FACTS 135), and by API it sends to contacts, too, that must not be
    /// emailed (SEMANTICS 3, email.send). Never [`Trouble::Unsure`].
    async fn cannot_email(&self, contact: ContactId) -> Result<Option<NoMail>, Trouble>;

    /// Has an email sent, once. [`Trouble::Later`] only if it was surely not sent.
    async fn send_email(&self, contact: ContactId, email: EmailId) -> Result<(), Trouble>;

    /// The newest row of `email_stats` of this contact and email. Never [`Trouble::Unsure`].
    async fn newest_sending(
        &self,
        contact: ContactId,
        email: EmailId,
    ) -> Result<Option<u64>, Trouble>;
}

/// Why Mautic is not asked to email a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoMail {
    /// It has no address.
    Address,
    /// It must not be emailed.
    DoNotContact,
}

/// A mail to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Name in its `Message-ID`.
    pub id: String,
    /// Address.
    pub to: String,
    /// Subject, one line.
    pub subject: String,
    /// Text.
    pub text: String,
}

/// Sends mails.
#[async_trait::async_trait]
pub trait Mailer: Send + Sync + std::fmt::Debug {
    /// Sends a mail, once; returns what the server said. [`Trouble::Later`] and
    /// [`Trouble::Refused`] only if the server surely did not take it.
    async fn send(&self, mail: &OutgoingMail) -> Result<String, Trouble>;
}

/// A webhook to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookCall {
    /// Name of the receiver in the configuration.
    pub target: String,
    /// By which the receiver knows it again.
    pub id: String,
    /// Its body.
    pub body: String,
}

/// Calls webhooks.
#[async_trait::async_trait]
pub trait Hooks: Send + Sync + std::fmt::Debug {
    /// Calls a webhook; may be repeated. Returns what was answered.
    async fn call(&self, call: &WebhookCall) -> Result<String, Trouble>;
}
