//! How things of Mautic's are named: by id or by name.

use super::super::Ref;
use super::context::Context;
use crate::diagnostics::{Value, quote};
use toml::de::DeValue;

impl<Id> Ref<Id> {
    /// The same reference with another type of id.
    pub(in crate::plan) fn map<Other>(self, id: impl FnOnce(Id) -> Other) -> Ref<Other> {
        match self {
            Self::Id(bound) => Ref::Id(id(bound)),
            Self::Name(name) => Ref::Name(name),
        }
    }
}

/// Reads an id or a name.
pub(super) fn read_ref(value: &Value<'_, '_>, what: &str) -> Option<Ref<u32>> {
    let hint = format!("write the {what}'s id, or its name in quotes");
    match value.node() {
        DeValue::Integer(_) => value.integer(1..=i64::from(u32::MAX), &hint).map(Ref::Id),
        DeValue::String(_) => Some(Ref::Name(value.text(&hint)?.to_owned())),
        _ => value.mistyped("an id or a name", &hint),
    }
}

/// Reads an id or a name, and notes its place.
pub(super) fn read_noted(
    context: &Context<'_, '_>,
    value: &Value<'_, '_>,
    path: &str,
    what: &str,
) -> Option<Ref<u32>> {
    context.note(path.to_owned(), value);
    read_ref(value, what)
}

/// Reads a list of ids and names (or a single one); each once. They are noted as `path.0`,
/// `path.1`, …
pub(super) fn read_refs(
    context: &Context<'_, '_>,
    value: &Value<'_, '_>,
    path: &str,
    what: &str,
    empty_hint: &str,
) -> Option<Vec<Ref<u32>>> {
    let mut refs = Vec::new();
    let mut complete = true;
    for (index, item) in value.one_or_more(empty_hint)?.iter().enumerate() {
        match read_noted(context, item, &format!("{path}.{index}"), what) {
            Some(again) if refs.contains(&again) => {
                item.error("this one is listed twice", "remove one of them");
                complete = false;
            }
            Some(new) => refs.push(new),
            None => complete = false,
        }
    }
    complete.then_some(refs)
}

/// Reads texts that are names (tags, webhooks, …); each once, whatever its case.
pub(super) fn read_names(value: &Value<'_, '_>, hint: &str) -> Option<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    let mut complete = true;
    for item in value.one_or_more(hint)? {
        let Some(name) = item.text(hint) else {
            complete = false;
            continue;
        };
        let same = |other: &String| other.to_lowercase() == name.to_lowercase();
        if names.iter().any(same) {
            item.error("this one is listed twice", "remove one of them");
            complete = false;
        }
        names.push(name.to_owned());
    }
    complete.then_some(names)
}

/// A reference as a finding tells it.
pub(super) fn told(reference: &Ref<u32>) -> String {
    match reference {
        Ref::Id(id) => id.to_string(),
        Ref::Name(name) => quote(name),
    }
}
