//! Point actions and point triggers, with the group that Mautic's JSON leaves out.

use super::budget::Priority;
use super::request::{Filter, Request, Test};
use super::wire::{PointAction, Trigger};
use super::{Client, Error};
use crate::domain::{GroupId, PointActionId, TriggerId};
use serde::de::DeserializeOwned;
use serde_json::json;
use std::collections::BTreeMap;

impl Client {
    /// All point actions, each with its group among `groups` (FACTS 46, 53): one call for all,
    /// one per group, and one to make sure.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn point_actions(
        &self,
        groups: &[GroupId],
        priority: Priority,
    ) -> Result<Vec<PointAction>, Error> {
        let mut actions = self.point_action_list(priority).await?;
        let of = self.point_action_groups(groups, priority).await?;
        for action in &mut actions {
            action.group = of.get(&action.id).copied();
        }
        Ok(actions)
    }

    /// All point actions, without their groups.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn point_action_list(&self, priority: Priority) -> Result<Vec<PointAction>, Error> {
        let list = Request::get("/api/points", priority);
        self.all(list, "points", 100).await
    }

    /// The point actions that belong to these groups; all others pay into none of them (FACTS 46).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Shape`] when Mautic does not heed the filter by group.
    pub async fn point_action_groups(
        &self,
        groups: &[GroupId],
        priority: Priority,
    ) -> Result<BTreeMap<PointActionId, GroupId>, Error> {
        let list = Request::get("/api/points", priority);
        let id = |action: &PointAction| action.id;
        self.groups_of(list, "points", groups, id).await
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
        let mut triggers = self.trigger_list(priority).await?;
        let of = self.trigger_groups(groups, priority).await?;
        for trigger in &mut triggers {
            trigger.group = of.get(&trigger.id).copied();
        }
        Ok(triggers)
    }

    /// All point triggers, without their groups.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn trigger_list(&self, priority: Priority) -> Result<Vec<Trigger>, Error> {
        let list = Request::get("/api/points/triggers", priority);
        self.all(list, "triggers", 100).await
    }

    /// The point triggers that belong to these groups; all others look at none of them.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Shape`] when Mautic does not heed the filter by group.
    pub async fn trigger_groups(
        &self,
        groups: &[GroupId],
        priority: Priority,
    ) -> Result<BTreeMap<TriggerId, GroupId>, Error> {
        let list = Request::get("/api/points/triggers", priority);
        let id = |trigger: &Trigger| trigger.id;
        self.groups_of(list, "triggers", groups, id).await
    }

    /// Which entity of a list belongs to which group. Mautic answers with everything when it does
    /// not heed a filter (FACTS 53), so it is asked for a group that can't be, too.
    async fn groups_of<T: DeserializeOwned, Id: Ord>(
        &self,
        list: Request,
        key: &str,
        groups: &[GroupId],
        id: impl Fn(&T) -> Id,
    ) -> Result<BTreeMap<Id, GroupId>, Error> {
        let of = |group: GroupId| {
            let filter = Filter::new("group", Test::Eq, group);
            list.clone().filters(&[filter])
        };
        let mut found = BTreeMap::new();
        for &group in groups {
            let members: Vec<T> = self.all(of(group), key, 100).await?;
            found.extend(members.iter().map(|member| (id(member), group)));
        }
        if !found.is_empty() {
            let nobody: Vec<T> = self.all(of(GroupId(0)), key, 100).await?;
            if !nobody.is_empty() {
                return Err(Error::Shape {
                    call: list.call,
                    problem: "the filter by group is not heeded".to_owned(),
                    excerpt: format!("{} of no group", nobody.len()),
                });
            }
        }
        Ok(found)
    }
}
