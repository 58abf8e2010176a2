//! Point actions and point triggers, with the group that Mautic's JSON leaves out.

use super::budget::Priority;
use super::request::{Filter, Request, Test};
use super::wire::{PointAction, Trigger};
use super::{Client, Error};
use crate::domain::{GroupId, PointActionId};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeMap;

impl Client {
    /// All point actions, each with its group among `groups` (FACTS 46, 53): one call for all,
    /// and one per group.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn point_actions(
        &self,
        groups: &[GroupId],
        priority: Priority,
    ) -> Result<Vec<PointAction>, Error> {
        let list = Request::get("/api/points", priority);
        let mut actions: Vec<PointAction> = self.all(list.clone(), "points", 100).await?;
        let of = self
            .groups_of(list, "points", groups, |action: &PointAction| action.id)
            .await?;
        for action in &mut actions {
            action.group = of.get(&action.id).copied();
        }
        Ok(actions)
    }

    /// Switches a point action off; everything else of it stays (FACTS 50). Idempotent.
    ///
    /// # Errors
    /// [`Error`]; [`Error::is_not_found`] when there is no such action; status 403 when the role
    /// may not edit point actions.
    pub async fn unpublish_point_action(
        &self,
        action: PointActionId,
        priority: Priority,
    ) -> Result<(), Error> {
        let request = Request::patch("/api/points/{id}/edit", priority)
            .with(action)
            .json(json!({"isPublished": false}));
        let edited: PointAction = self.one(request.clone(), "point").await?;
        if edited.is_published {
            return Err(Error::Shape {
                call: request.call,
                problem: "the point action is still published".to_owned(),
                excerpt: edited.name,
            });
        }
        Ok(())
    }

    /// All point triggers, each with its group among `groups` (FACTS 40 to 49). The filter by
    /// group is that of point actions: Mautic builds both lists with the same code.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn triggers(
        &self,
        groups: &[GroupId],
        priority: Priority,
    ) -> Result<Vec<Trigger>, Error> {
        let list = Request::get("/api/points/triggers", priority);
        let mut triggers: Vec<Trigger> = self.all(list.clone(), "triggers", 100).await?;
        let of = self
            .groups_of(list, "triggers", groups, |trigger: &Trigger| trigger.id)
            .await?;
        for trigger in &mut triggers {
            trigger.group = of.get(&trigger.id).copied();
        }
        Ok(triggers)
    }

    /// Which entity of a list belongs to which group.
    async fn groups_of<T: DeserializeOwned, Id: Ord>(
        &self,
        list: Request,
        key: &str,
        groups: &[GroupId],
        id: impl Fn(&T) -> Id,
    ) -> Result<BTreeMap<Id, GroupId>, Error> {
        let mut found = BTreeMap::new();
        for &group in groups {
            let filter = Filter::new("group", Test::Eq, group);
            let members: Vec<T> = self.all(list.clone().filters(&[filter]), key, 100).await?;
            found.extend(members.iter().map(|member| (id(member), group)));
        }
        Ok(found)
    }
}
