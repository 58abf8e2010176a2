//! Effects by Mautic's REST.

use super::decide::Trouble;
use super::ports::MauticEffects;
use super::ports::NoMail;
use crate::domain::{Action, ContactId, EmailId, Urgency};
use crate::mautic::retry::Outcome;
use crate::mautic::{
    Client, ContactAnswer, ContactPatch, EmailAnswer, Error, Priority, wire::Contact,
};
use crate::writeback::client::{priority, words};
use crate::writeback::{CallError, ClientWrites, Identity, MauticWrites};
use jiff::Timestamp;
use std::collections::BTreeMap;

#[async_trait::async_trait]
impl MauticEffects for ClientWrites {
    fn there(&self, here: Timestamp) -> Timestamp {
        self.client.there(here)
    }

    async fn whose(
        &self,
        contacts: &[ContactId],
        attempt: u32,
        urgency: Urgency,
    ) -> Result<BTreeMap<ContactId, Identity>, CallError> {
        self.identities(contacts, attempt, urgency).await
    }

    async fn carry_out(
        &self,
        contact: ContactId,
        action: &Action,
        attempt: u32,
        urgency: Urgency,
    ) -> Result<String, Trouble> {
        let call = Carrier {
            client: &self.client,
            contact,
            priority: priority(urgency),
        };
        match action {
            Action::AddToSegment { segment } => call.add_to_segment(*segment).await,
            Action::RemoveFromSegment { segment } => {
                let removed = self
                    .client
                    .remove_from_segment(*segment, contact, call.priority);
                done(removed.await, "is no member now")
            }
            Action::AddToCampaign { campaign } => {
                let added = self
                    .client
                    .add_to_campaign(*campaign, contact, call.priority);
                done(added.await, "is in the campaign now")
            }
            Action::RemoveFromCampaign { campaign } => {
                let removed = self
                    .client
                    .remove_from_campaign(*campaign, contact, call.priority);
                done(removed.await, "is not in the campaign now")
            }
            Action::SetStage { stage } => call.set_stage(*stage, attempt).await,
            Action::Tag { add, remove } => {
                let patch = ContactPatch {
                    add_tags: add.clone(),
                    remove_tags: remove.clone(),
                    ..ContactPatch::default()
                };
                call.edit(&patch).await.map(|_| "tagged".to_owned())
            }
            Action::SetOwner { owner } => {
                let patch = ContactPatch {
                    owner: Some(*owner),
                    ..ContactPatch::default()
                };
                let edited = call.edit(&patch).await?;
                let has = edited.details.and_then(|details| details.owner);
                if has == Some(*owner) {
                    Ok(format!("its owner is {owner} now"))
                } else {
                    Err(refused(format!(
                        "Mautic did not take over owner {owner}, although it answered success. Does this user exist, and is it published?"
                    )))
                }
            }
            Action::SetField { field, value } => call.set_field(field, value).await,
            Action::SendEmail { .. } | Action::Mail { .. } | Action::Webhook { .. } => {
                Err(refused(format!("`{action}` can't be done twice")))
            }
        }
    }

    async fn cannot_email(&self, contact: ContactId) -> Result<Option<NoMail>, Trouble> {
        let call = Carrier {
            client: &self.client,
            contact,
            priority: Priority::Urgent,
        };
        match call.read().await {
            Ok(contact) if contact.field("email").is_none() => Ok(Some(NoMail::Address)),
            Ok(contact) => {
                let refuses = contact
                    .details
                    .is_some_and(|details| details.do_not_contact.contains("email"));
                Ok(refuses.then_some(NoMail::DoNotContact))
            }
            Err(trouble) => Err(certain(trouble)),
        }
    }

    async fn send_email(&self, contact: ContactId, email: EmailId) -> Result<(), Trouble> {
        let sent = self.client.send_email(email, contact, Priority::Urgent);
        match sent.await {
            Ok(EmailAnswer::Success) => Ok(()),
            Ok(EmailAnswer::Failed(why)) => Err(Trouble::later(format!(
                "Mautic could not send email {email}: {why}. Look at Mautic's mail settings"
            ))),
            Err(error) => Err(trouble(&error)),
        }
    }

    async fn newest_sending(
        &self,
        contact: ContactId,
        email: EmailId,
    ) -> Result<Option<u64>, Trouble> {
        let newest = self.client.newest_sending(email, contact, Priority::Urgent);
        newest.await.map_err(|error| certain(trouble(&error)))
    }
}

/// Calls for one contact.
struct Carrier<'c> {
    client: &'c Client,
    contact: ContactId,
    priority: Priority,
}

impl Carrier<'_> {
    /// By the batch call, which alone tells when the id was merged away meanwhile (FACTS 94).
    async fn add_to_segment(&self, segment: crate::domain::SegmentId) -> Result<String, Trouble> {
        let contacts = [self.contact];
        let added = self
            .client
            .add_to_segment(segment, &contacts, self.priority)
            .await;
        let added = added.map_err(|error| trouble(&error))?;
        if added.added.contains(&self.contact) {
            return Ok("is a member now".to_owned());
        }
        Err(self.vanished())
    }

    /// A second call leaves a second line in Mautic's log of stages (FACTS N15), so that one whose
    /// answer was lost is looked at first.
    async fn set_stage(
        &self,
        stage: crate::domain::StageId,
        attempt: u32,
    ) -> Result<String, Trouble> {
        if attempt > 0 {
            let details = self.read().await?.details.unwrap_or_default();
            if details.stage == Some(stage) {
                return Ok(format!("is in stage {stage} already"));
            }
        }
        let set = self.client.set_stage(stage, self.contact, self.priority);
        done(set.await, &format!("is in stage {stage} now"))
    }

    /// Mautic takes over what it likes of a value and says nothing (FACTS 111, 115, 116): only what
    /// it holds then tells.
    async fn set_field(&self, field: &str, value: &str) -> Result<String, Trouble> {
        let before = self.read().await?;
        let before = before.field(field);
        if before.is_some_and(|held| same(held, value)) {
            return Ok(format!("{field} is {value} already"));
        }
        let patch = ContactPatch {
            fields: vec![(field.to_owned(), value.to_owned())],
            ..ContactPatch::default()
        };
        self.edit(&patch).await?;
        // The answer of the call shows a yes-or-no field as it was before (measured).
        let after = self.read().await?;
        match after.field(field) {
            Some(held) if same(held, value) => Ok(format!("{field} is {value} now")),
            Some(held) if before != Some(held) => {
                Ok(format!("Mautic made `{held}` of {field} = `{value}`"))
            }
            // A yes-or-no field takes a 0, a number does not.
            Some(_) if near_zero(value) == Some(0.0) => self.empty_field(field).await,
            None if near_zero(value) == Some(0.0) => {
                Ok(format!("{field} is empty, which stands for 0, already"))
            }
            held => Err(refused(not_taken_over(field, value, held))),
        }
    }

    /// No call that destroys nothing stores a 0: PATCH throws it away, and PUT writes back everything
    /// else as it was read, points included. An empty field is as near as it gets: filters that ask
    /// for less than something have to ask for "or empty" as well.
    async fn empty_field(&self, field: &str) -> Result<String, Trouble> {
        let patch = ContactPatch {
            empty: vec![field.to_owned()],
            ..ContactPatch::default()
        };
        self.edit(&patch).await?;
        // The answer of this call shows 0 where the field is empty.
        let after = self.read().await?;
        match after.field(field) {
            None => Ok(format!("{field} is empty now, which stands for 0")),
            Some(held) if same(held, "0") => Ok(format!("{field} is 0 now")),
            held => Err(refused(not_taken_over(field, "0", held))),
        }
    }

    async fn read(&self) -> Result<Contact, Trouble> {
        match self.client.contact(self.contact, self.priority).await {
            Ok(ContactAnswer::Found(contact)) => Ok(*contact),
            Ok(ContactAnswer::Merged(_) | ContactAnswer::Gone) => Err(self.vanished()),
            Err(error) => Err(trouble(&error)),
        }
    }

    async fn edit(&self, patch: &ContactPatch) -> Result<Contact, Trouble> {
        let edited = self
            .client
            .edit_contact(self.contact, patch, self.priority)
            .await;
        let edited = edited.map_err(|error| match trouble(&error) {
            // One of the answers that name no contact: this one was looked up a moment ago.
            Trouble::Refused { .. } if error.is_not_found() => self.vanished(),
            other => other,
        })?;
        if edited.id == Some(self.contact) {
            Ok(edited)
        } else {
            Err(self.vanished())
        }
    }

    fn vanished(&self) -> Trouble {
        Trouble::NoContact {
            what: format!("contact {} was merged away or deleted", self.contact),
        }
    }
}

fn not_taken_over(field: &str, value: &str, held: Option<&str>) -> String {
    let held = held.map_or_else(|| "nothing".to_owned(), |held| format!("`{held}`"));
    let hint = match near_zero(value) {
        Some(_) => {
            "Mautic's API throws away numbers nearer to 0 than 1: use whole numbers (0 empties the field)"
        }
        None => "Does the field exist, and does its kind accept this value?",
    };
    format!("{field} still holds {held} instead of `{value}`. {hint}")
}

/// The number, if it is one that Mautic's API throws away.
fn near_zero(value: &str) -> Option<f64> {
    let number: f64 = value.trim().parse().ok()?;
    (number.abs() < 1.0).then_some(number)
}

/// Whether Mautic holds what was sent: as text, or as a number (12 and 12.0).
fn same(held: &str, sent: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    held.trim() == sent.trim() || number(held).is_some_and(|held| number(sent) == Some(held))
}

fn done(result: Result<(), Error>, answer: &str) -> Result<String, Trouble> {
    result
        .map(|()| answer.to_owned())
        .map_err(|error| trouble(&error))
}

fn refused(what: String) -> Trouble {
    Trouble::Refused { what }
}

/// A look changes nothing, whatever became of it.
fn certain(trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Unsure { what } => Trouble::later(what),
        other => other,
    }
}

/// What a failed call means. Only what one of Mautic's own controllers refused is given up: a proxy
/// or a maintenance page may answer anything for a while.
fn trouble(error: &Error) -> Trouble {
    let what = words(error);
    if error.is_contact_not_found() {
        return Trouble::NoContact { what };
    }
    if error.may_have_been_applied() {
        return Trouble::Unsure { what };
    }
    match (error, error.outcome()) {
        (_, Outcome::RateLimited { until }) => Trouble::Later { what, until },
        (Error::Unsendable(_), _) => Trouble::Refused { what },
        (
            Error::Status {
                status: 400..500,
                message,
                from_api: true,
                ..
            },
            _,
        ) if !message.contains("Deadlock found") => Trouble::Refused { what },
        _ => Trouble::later(what),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mautic::{Call, Lost};

    const CALL: Call = Call {
        method: "POST",
        path: "/api/emails/{id}/contact/{contact}/send",
    };

    #[test]
    fn what_failed_calls_mean() {
        let status = |status, from_api, message: &str| Error::Status {
            call: CALL,
            status,
            message: message.to_owned(),
            kind: None,
            from_api,
        };
        let lost = |lost| Error::Transport {
            call: CALL,
            lost,
            detail: String::new(),
        };
        let auth = || Error::Auth {
            call: CALL,
            message: String::new(),
        };
        let limited = Error::RateLimited {
            call: CALL,
            until: None,
        };
        let shape = Error::Shape {
            call: CALL,
            problem: String::new(),
            excerpt: String::new(),
        };
        let table = [
            (lost(Lost::NotConnected), "later"),
            (lost(Lost::TimedOut), "unsure"),
            (lost(Lost::Broken), "unsure"),
            (status(500, false, "error #500"), "unsure"),
            (status(502, false, ""), "unsure"),
            (status(400, true, "1213 Deadlock found"), "later"),
            (
                status(400, true, "The identifier id is missing for a query of"),
                "unsure",
            ),
            (
                status(400, true, "owner: This value is not valid."),
                "refused",
            ),
            (status(403, true, ""), "refused"),
            (status(403, false, ""), "later"),
            (status(404, true, "Item was not found."), "refused"),
            (status(404, false, ""), "later"),
            (status(404, true, "Contact not found."), "no contact"),
            (status(422, true, "email: must be unique"), "refused"),
            (status(302, false, ""), "later"),
            (auth(), "later"),
            (Error::Login(Box::new(auth())), "later"),
            (limited, "later"),
            (shape, "unsure"),
            (Error::Unsendable("x".to_owned()), "refused"),
        ];
        for (error, expected) in table {
            let found = match trouble(&error) {
                Trouble::Later { .. } => "later",
                Trouble::Unsure { .. } => "unsure",
                Trouble::Refused { .. } => "refused",
                Trouble::NoContact { .. } => "no contact",
            };
            assert_eq!(found, expected, "{error}");
        }
    }

    #[test]
    fn values_that_are_the_same() {
        for (held, sent, expected) in [
            ("hot", "hot", true),
            ("12", "12.0", true),
            ("12", "12.7", false),
            ("hot", "Hot", false),
            ("", "0", false),
        ] {
            assert_eq!(same(held, sent), expected, "{held} {sent}");
        }
    }
}
