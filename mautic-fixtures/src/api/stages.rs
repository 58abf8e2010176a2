//! `/api/stages` (FACTS N15).
#![allow(clippy::similar_names)] // "state" and "stage" are both the right words

use serde_json::{Value, json};

use super::Call;
use super::crud::{self, Resource};
use super::errors::{not_found, not_found_text};
use super::form::Form;
use super::list::Cell;
use super::publishing::{self, contains, cut_after, put, put_window};
use crate::contacts;
use crate::server::answer::{Answer, Exception, Handled};
use crate::state::{Id, Stage, State, Table};

/// Stages in the API.
pub(super) struct Stages;

/// Routes under `/api/stages`.
pub(super) fn handle(state: &mut State, call: Call<'_>, path: &[&str]) -> Handled {
    match (call.method(), path) {
        ("POST", [stage, "contact", contact, change @ ("add" | "remove")]) => move_contact(
            state,
            crud::parse_id(stage)?,
            crud::parse_id(contact)?,
            *change == "add",
        ),
        _ => crud::handle::<Stages>(state, call, path),
    }
}

/// Puts a contact into a stage or out of any; every call writes a line to the stage log.
fn move_contact(state: &mut State, id: Id, contact: Id, adds: bool) -> Handled {
    let stage = state.stages.get(id).cloned().ok_or_else(not_found)?;
    let contact =
        contacts::load(state, contact).ok_or_else(|| not_found_text("Contact not found."))?;
    if let Some(mut entity) = state.contacts.get(contact).cloned() {
        contacts::set_stage(&mut entity, adds.then_some(id));
        let action = if adds {
            "Manually Added"
        } else {
            "Manually Removed"
        };
        entity.log_stage(state, id, &format!("{id}: {}", stage.name), action);
        state.contacts.put(contact, entity);
    }
    contacts::save(state, contact)?;
    Ok(Answer::api(200, &crud::object([("success", json!(1))])))
}

impl Resource for Stages {
    type Entity = Stage;
    const ONE: &'static str = "stage";
    const MANY: &'static str = "stages";
    const ROUTE: &'static str = "stages";
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[];

    fn table(state: &State) -> &Table<Stage> {
        &state.stages
    }

    fn blank(_: &State) -> Stage {
        Stage::default()
    }

    fn id(stage: &Stage) -> Id {
        stage.id
    }

    fn column(_: &State, stage: &Stage, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => stage.id.into(),
            "name" => stage.name.as_str().into(),
            "description" => stage.description.clone().into(),
            "weight" => stage.weight.into(),
            "category" => Cell::Null,
            "publishUp" => stage.publish_up.into(),
            "publishDown" => stage.publish_down.into(),
            _ => return stage.stamp.column(column),
        })
    }

    fn found_by(_: &State, stage: &Stage, search: &str) -> bool {
        contains(&stage.name, search)
            || stage
                .description
                .as_deref()
                .is_some_and(|text| contains(text, search))
    }

    fn bind(_: &State, stage: &mut Stage, form: &mut Form<'_>) {
        form.required_text("name", &mut stage.name, "A name is required.");
        form.text("description", &mut stage.description);
        form.rounded("weight", &mut stage.weight);
        publishing::bind(
            form,
            &mut stage.stamp,
            &mut stage.publish_up,
            &mut stage.publish_down,
        );
    }

    fn store(state: &mut State, mut stage: Stage) -> Result<Stage, Exception> {
        let before = state.stages.get(stage.id);
        let changed = before.is_none_or(|before| is_changed(before, &stage));
        let is_new = stage.id == 0;
        if is_new {
            stage.stamp.created(state);
            stage.id = state.stages.take_id();
        } else {
            stage.stamp.edited(state, changed);
        }
        state.stages.put(stage.id, stage.clone());
        if changed {
            let kind = if is_new { "create" } else { "update" };
            state.audit(
                "stage",
                "stage",
                stage.id,
                kind,
                json!({"name": stage.name}),
            );
        }
        Ok(stage)
    }

    fn delete(state: &mut State, stage: &Stage) -> Result<(), Exception> {
        state.stages.remove(stage.id);
        for contact in state
            .contacts
            .values_mut()
            .filter(|contact| contact.stage == Some(stage.id))
        {
            contact.stage = None;
        }
        state.stages_log.retain(|row| row.stage != Some(stage.id));
        state.audit(
            "stage",
            "stage",
            stage.id,
            "delete",
            json!({"name": stage.name}),
        );
        Ok(())
    }

    fn json_minimal(state: &State, stage: &Stage) -> Value {
        cut_after(Self::json(state, stage), "description")
    }

    fn json(_: &State, stage: &Stage) -> Value {
        let mut json = stage.stamp.json();
        put(&mut json, "id", json!(stage.id));
        put(&mut json, "name", json!(stage.name));
        put(&mut json, "category", Value::Null);
        put(&mut json, "weight", json!(stage.weight));
        put(&mut json, "description", json!(stage.description));
        put_window(&mut json, stage.publish_up, stage.publish_down);
        Value::Object(json)
    }
}

/// Whether a setter that keeps track of changes was given another value; the weight does not.
fn is_changed(before: &Stage, after: &Stage) -> bool {
    before.name != after.name
        || before.description != after.description
        || before.publish_up != after.publish_up
        || before.publish_down != after.publish_down
        || before.stamp.is_published != after.stamp.is_published
}
