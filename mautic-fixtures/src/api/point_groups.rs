//! `/api/points/groups` (FACTS 28).

use serde_json::{Value, json};

use super::crud::Resource;
use super::form::Form;
use super::list::Cell;
use crate::server::answer::Exception;
use crate::state::{Id, PointGroup, State, Table};

/// Point groups in the API.
pub(super) struct PointGroups;

impl Resource for PointGroups {
    type Entity = PointGroup;
    const ONE: &'static str = "pointGroup";
    const MANY: &'static str = "pointGroups";
    const ROUTE: &'static str = "points/groups";
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[];

    fn table(state: &State) -> &Table<PointGroup> {
        &state.point_groups
    }

    fn blank(_: &State) -> PointGroup {
        PointGroup::default()
    }

    fn id(group: &PointGroup) -> Id {
        group.id
    }

    fn column(_: &State, group: &PointGroup, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => group.id.into(),
            "name" => group.name.as_str().into(),
            "description" => group.description.clone().into(),
            _ => return group.stamp.column(column),
        })
    }

    fn found_by(_: &State, group: &PointGroup, search: &str) -> bool {
        group.name.to_lowercase().contains(&search.to_lowercase())
    }

    fn bind(_: &State, group: &mut PointGroup, form: &mut Form<'_>) {
        form.required_text("name", &mut group.name, "A name is required.");
        form.text("description", &mut group.description);
        form.flag("isPublished", &mut group.stamp.is_published);
    }

    fn store(state: &mut State, mut group: PointGroup) -> Result<PointGroup, Exception> {
        if group.id == 0 {
            group.stamp.created(state);
            group.id = state.point_groups.take_id();
        } else {
            let changed = state.point_groups.get(group.id).is_none_or(|before| {
                before.name != group.name
                    || before.description != group.description
                    || before.stamp.is_published != group.stamp.is_published
            });
            group.stamp.edited(state, changed);
        }
        state.point_groups.put(group.id, group.clone());
        Ok(group)
    }

    fn delete(state: &mut State, group: &PointGroup) -> Result<(), Exception> {
        state.point_groups.remove(group.id);
        state.group_scores.forget_group(group.id);
        state.points_log.retain(|row| row.group != Some(group.id));
        for action in state
            .point_actions
            .values_mut()
            .filter(|action| action.group == Some(group.id))
        {
            action.group = None;
        }
        for trigger in state
            .point_triggers
            .values_mut()
            .filter(|trigger| trigger.group == Some(group.id))
        {
            trigger.group = None;
        }
        Ok(())
    }

    fn json(_: &State, group: &PointGroup) -> Value {
        let mut json = group.stamp.json();
        json.insert("id".to_owned(), json!(group.id));
        json.insert("name".to_owned(), json!(group.name));
        json.insert("description".to_owned(), json!(group.description));
        Value::Object(json)
    }
}
