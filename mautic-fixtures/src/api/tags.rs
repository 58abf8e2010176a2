//! `/api/tags`.

use serde_json::{Value, json};

use super::crud::Resource;
use super::form::Form;
use super::list::Cell;
use super::publishing::contains;
use crate::server::answer::Exception;
use crate::state::{Id, State, Table, Tag};

/// Tags in the API.
pub(super) struct Tags;

impl Resource for Tags {
    type Entity = Tag;
    const ONE: &'static str = "tag";
    const MANY: &'static str = "tags";
    const ROUTE: &'static str = "tags";
    const KEYED_LIST: bool = true;
    const DEFAULT_ORDER: &'static [(&'static str, bool)] = &[];

    fn table(state: &State) -> &Table<Tag> {
        &state.tags
    }

    fn blank(_: &State) -> Tag {
        Tag {
            id: 0,
            tag: String::new(),
            description: None,
        }
    }

    fn id(tag: &Tag) -> Id {
        tag.id
    }

    fn column(_: &State, tag: &Tag, column: &str) -> Option<Cell> {
        Some(match column {
            "id" => tag.id.into(),
            "tag" => tag.tag.as_str().into(),
            "description" => tag.description.clone().into(),
            _ => return None,
        })
    }

    fn found_by(_: &State, tag: &Tag, search: &str) -> bool {
        contains(&tag.tag, search)
    }

    fn bind(_: &State, tag: &mut Tag, form: &mut Form<'_>) {
        form.required_text("tag", &mut tag.tag, "A value is required.");
        form.text("description", &mut tag.description);
    }

    fn store(state: &mut State, mut tag: Tag) -> Result<Tag, Exception> {
        if tag.id == 0 {
            let known = state
                .tags
                .values()
                .find(|known| known.tag.to_lowercase() == tag.tag.to_lowercase());
            match known {
                Some(known) => return Ok(known.clone()),
                None => tag.id = state.tags.take_id(),
            }
        }
        state.tags.put(tag.id, tag.clone());
        Ok(tag)
    }

    fn delete(state: &mut State, tag: &Tag) -> Result<(), Exception> {
        state.tags.remove(tag.id);
        for contact in state.contacts.values_mut() {
            contact.tags.retain(|known| *known != tag.id);
        }
        Ok(())
    }

    fn json(_: &State, tag: &Tag) -> Value {
        json!({"id": tag.id, "tag": tag.tag, "description": tag.description})
    }
}
