//! Where contacts are on their way: campaigns and stages.

use super::budget::Priority;
use super::request::Request;
use super::wire::flag;
use super::{Client, Error};
use crate::domain::{CampaignId, ContactId, StageId};

impl Client {
    /// Adds a contact to a campaign; its first actions run with Mautic's next
    /// `mautic:campaigns:trigger`. Idempotent: who is in it stays in it.
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such campaign or no such contact: Mautic
    /// says the same of both.
    pub async fn add_to_campaign(
        &self,
        campaign: CampaignId,
        contact: ContactId,
        priority: Priority,
    ) -> Result<(), Error> {
        let path = "/api/campaigns/{id}/contact/{contact}/add";
        self.done(Request::post(path, priority).with(campaign).with(contact))
            .await
    }

    /// Removes a contact from a campaign. Idempotent.
    ///
    /// # Errors
    /// As [`Client::add_to_campaign`].
    pub async fn remove_from_campaign(
        &self,
        campaign: CampaignId,
        contact: ContactId,
        priority: Priority,
    ) -> Result<(), Error> {
        let path = "/api/campaigns/{id}/contact/{contact}/remove";
        self.done(Request::post(path, priority).with(campaign).with(contact))
            .await
    }

    /// Moves a contact to a stage. The contact is the same when it is done twice, but Mautic's log of
    /// stages then has two lines (FACTS N15).
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such stage or contact.
    pub async fn set_stage(
        &self,
        stage: StageId,
        contact: ContactId,
        priority: Priority,
    ) -> Result<(), Error> {
        let path = "/api/stages/{id}/contact/{contact}/add";
        self.done(Request::post(path, priority).with(stage).with(contact))
            .await
    }

    async fn done(&self, request: Request) -> Result<(), Error> {
        self.read(request, |answer| {
            let done = answer.get("success").is_some_and(flag);
            done.then_some(())
                .ok_or_else(|| "no success in it".to_owned())
        })
        .await
    }
}
