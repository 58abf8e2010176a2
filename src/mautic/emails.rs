//! Emails sent to single contacts.

use super::budget::Priority;
use super::request::{Filter, Request, Test};
use super::wire::flag;
use super::{Client, Error, StatsQuery};
use crate::domain::{ContactId, EmailId};

/// What Mautic says of a sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmailAnswer {
    /// Success. It says so as well of contacts that must not be emailed, to whom nothing goes out
    /// (FACTS 135).
    Success,
    /// It did not go out: the mail server could not be reached (FACTS 135).
    Failed(String),
}

impl Client {
    /// Has Mautic send an email to a contact, even an unpublished one (FACTS 135, N5). Twice is two
    /// emails.
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such email or contact; status 500 for a
    /// contact without an address, and when a webhook receiver broke the answer (FACTS N1).
    pub async fn send_email(
        &self,
        email: EmailId,
        contact: ContactId,
        priority: Priority,
    ) -> Result<EmailAnswer, Error> {
        let request = Request::post("/api/emails/{id}/contact/{contact}/send", priority)
            .with(email)
            .with(contact);
        self.read(request, |answer| match answer.get("success") {
            Some(success) if flag(success) => Ok(EmailAnswer::Success),
            Some(_) => {
                let why = answer.get("failed").and_then(|why| why.as_str());
                Ok(EmailAnswer::Failed(why.unwrap_or("no reason").to_owned()))
            }
            None => Err("no \"success\" in it".to_owned()),
        })
        .await
    }

    /// The newest row of `email_stats` of an email to a contact: its id rises with each sending.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn newest_sending(
        &self,
        email: EmailId,
        contact: ContactId,
        priority: Priority,
    ) -> Result<Option<u64>, Error> {
        let query = StatsQuery::by("email_stats", "id", 1)
            .descending()
            .and(Filter::new("email_id", Test::Eq, email))
            .and(Filter::new("lead_id", Test::Eq, contact));
        Ok(self.stats(&query, priority).await?.last_id())
    }
}
