//! What an import did, for people.

use super::import::Done;
use crate::app::{Behaviours, RuleDifference};
use crate::cli::output::{number, table};
use crate::plan::{ActionGroup, Catalog, MauticPoints};
use serde::Serialize;

/// Where an action or trigger belongs, and how that is known.
#[derive(Debug, Serialize)]
pub(super) struct Origin {
    /// `point action` or `trigger`.
    what: &'static str,
    id: u32,
    name: String,
    group: ActionGroup,
    /// Its group's name.
    group_name: String,
}

/// Where all of them belong.
pub(super) fn origins(points: &MauticPoints, catalog: &Catalog) -> Vec<Origin> {
    let actions = points
        .actions
        .iter()
        .map(|one| ("point action", one.id, &one.name, one.group));
    let triggers = points
        .triggers
        .iter()
        .map(|one| ("trigger", one.id, &one.name, one.group));
    let origin = |(what, id, name, group): (&'static str, u32, &String, ActionGroup)| Origin {
        what,
        id,
        name: name.clone(),
        group,
        group_name: group_name(group, catalog),
    };
    actions.chain(triggers).map(origin).collect()
}

fn group_name(group: ActionGroup, catalog: &Catalog) -> String {
    match (group, group.group()) {
        (ActionGroup::Missing, _) => "?".to_owned(),
        (_, None) => "main points".to_owned(),
        (_, Some(id)) => catalog
            .group_name(id)
            .map_or_else(|| format!("group {id}"), str::to_owned),
    }
}

/// All of it.
pub(super) fn text(done: &Done) -> String {
    let mut parts = vec![head(done)];
    if !done.new && !done.base_known {
        parts.push(
            "it is not known what an import into this file saw before: every difference from \
             Mautic counts as yours, and stays"
                .to_owned(),
        );
    }
    if !done.diff.is_empty() {
        parts.push(done.diff.trim_end().to_owned());
    }
    if !done.groups.is_empty() {
        parts.push(groups(&done.groups));
    }
    if !done.findings.is_empty() {
        parts.push(format!("not imported unchanged:\n{}", done.findings));
    }
    if let Some(behaviours) = &done.behaviours {
        parts.push(differences(behaviours));
    }
    parts.join("\n\n")
}

fn head(done: &Done) -> String {
    let Some(file) = &done.file else {
        return "nothing was written".to_owned();
    };
    let file = file.display();
    match (done.new, done.changes.is_empty(), done.written) {
        (true, _, true) => format!("plan {file}: written; next: `topicscore check`"),
        (true, _, false) => format!("plan {file}: would be written"),
        (false, true, _) => format!("plan {file}: nothing changed in Mautic"),
        (false, false, true) => format!("plan {file}: merged"),
        (false, false, false) => format!("plan {file}: would be merged; nothing was written"),
    }
}

fn groups(origins: &[Origin]) -> String {
    let head = ["", "id", "name", "group", "how it is known"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(origins.iter().map(|one| {
        vec![
            one.what.to_owned(),
            one.id.to_string(),
            one.name.clone(),
            one.group_name.clone(),
            one.group.to_string(),
        ]
    }));
    table(&rows)
}

fn differences(behaviours: &Behaviours) -> String {
    let contacts = number(behaviours.contacts, "contact");
    if behaviours.rules.is_empty() {
        return format!(
            "behaviour = \"mautic\" and \"corrected\" give all {contacts} in the store the same points"
        );
    }
    let head = ["rule", "name", "contacts", "mautic", "corrected"];
    let mut rows = vec![head.map(str::to_owned).to_vec()];
    rows.extend(behaviours.rules.iter().map(row));
    format!(
        "behaviour = \"mautic\" and \"corrected\" differ for {} of {contacts} in the store:\n{}",
        behaviours.differing,
        table(&rows)
    )
}

fn row(rule: &RuleDifference) -> Vec<String> {
    vec![
        rule.rule.clone(),
        rule.name.clone(),
        rule.contacts.to_string(),
        rule.mautic.to_string(),
        rule.corrected.to_string(),
    ]
}
