//! The rows of the tables `/api/stats` shows; columns in the order of the database.

use serde_json::Value;

use crate::php::json_encode;
use crate::php::serialize::serialize;
use crate::state::clock::sql;
use crate::state::web::StatsRow;
use crate::state::{Id, State};

type Column = (&'static str, Option<String>);

/// All rows of a table in the order of the database; none for tables nothing writes to.
pub(super) fn rows(state: &State, table: &str) -> Vec<StatsRow> {
    if let Some(rows) = state.web.stats_rows(table) {
        return rows;
    }
    match table {
        "lead_points_change_log" => points_log(state),
        "lead_stages_change_log" => stages_log(state),
        "lead_donotcontact" => do_not_contact(state),
        "audit_log" => audit_log(state),
        "lead_event_log" => event_log(state),
        "point_lead_event_log" => trigger_log(state),
        "lead_lists_leads" => segment_members(state),
        "campaign_leads" => campaign_members(state),
        "campaign_lead_event_log" => campaign_log(state),
        "webhook_logs" => webhook_logs(state),
        _ => Vec::new(),
    }
}

fn id(name: &'static str, id: Id) -> Column {
    (name, Some(id.to_string()))
}

fn maybe_id(name: &'static str, id: Option<Id>) -> Column {
    (name, id.map(|id| id.to_string()))
}

fn text(name: &'static str, text: &str) -> Column {
    (name, Some(text.to_owned()))
}

fn flag(name: &'static str, flag: bool) -> Column {
    (name, Some(u8::from(flag).to_string()))
}

fn points_log(state: &State) -> Vec<StatsRow> {
    let row = |row: &crate::state::PointsLogRow| {
        vec![
            id("id", row.id),
            id("lead_id", row.contact),
            id("ip_id", row.ip),
            maybe_id("group_id", row.group),
            text("type", &row.kind),
            text("event_name", &row.event_name),
            text("action_name", &row.action_name),
            text("delta", &row.delta.to_string()),
            text("date_added", &sql(row.date_added)),
        ]
    };
    state.points_log.values().map(row).collect()
}

fn stages_log(state: &State) -> Vec<StatsRow> {
    let row = |row: &crate::state::StagesLogRow| {
        vec![
            id("id", row.id),
            id("lead_id", row.contact),
            maybe_id("stage_id", row.stage),
            text("event_name", &row.event_name),
            text("action_name", &row.action_name),
            text("date_added", &sql(row.date_added)),
        ]
    };
    state.stages_log.values().map(row).collect()
}

fn do_not_contact(state: &State) -> Vec<StatsRow> {
    let row = |row: &crate::state::DoNotContact| {
        vec![
            id("id", row.id),
            id("lead_id", row.contact),
            text("date_added", &sql(row.date_added)),
            text("reason", &row.reason.to_string()),
            text("channel", &row.channel),
            maybe_id("channel_id", row.channel_id),
            text("comments", &row.comments),
        ]
    };
    state.do_not_contact.values().map(row).collect()
}

fn audit_log(state: &State) -> Vec<StatsRow> {
    let row = |row: &crate::state::AuditRow| {
        vec![
            id("id", row.id),
            id("user_id", row.user_id),
            text("user_name", &row.user_name),
            text("bundle", &row.bundle),
            text("object", &row.object),
            id("object_id", row.object_id),
            text("action", &row.action),
            text("details", &serialize(&row.details)),
            text("date_added", &sql(row.date_added)),
            text("ip_address", &row.ip_address),
        ]
    };
    state.audit_log.values().map(row).collect()
}

fn event_log(state: &State) -> Vec<StatsRow> {
    let row = |row: &crate::state::EventLogRow| {
        vec![
            id("id", row.id),
            maybe_id("lead_id", row.contact),
            maybe_id("user_id", row.user_id),
            ("user_name", row.user_name.clone()),
            text("bundle", &row.bundle),
            text("object", &row.object),
            text("action", &row.action),
            maybe_id("object_id", row.object_id),
            text("date_added", &sql(row.date_added)),
            (
                "properties",
                (row.properties != Value::Null).then(|| json_encode(&row.properties)),
            ),
        ]
    };
    state.event_log.values().map(row).collect()
}

fn trigger_log(state: &State) -> Vec<StatsRow> {
    let row = |((event, contact), once): (&(Id, Id), &crate::state::web::Once)| {
        vec![
            id("event_id", *event),
            id("lead_id", *contact),
            id("ip_id", once.ip),
            text("date_fired", &sql(once.fired)),
        ]
    };
    state.trigger_log.iter().map(row).collect()
}

fn segment_members(state: &State) -> Vec<StatsRow> {
    let row = |((segment, contact), row): (&(Id, Id), &crate::state::segments::Membership)| {
        vec![
            id("leadlist_id", *segment),
            id("lead_id", *contact),
            text("date_added", &sql(row.added)),
            flag("manually_removed", row.manually_removed),
            flag("manually_added", row.manually_added),
        ]
    };
    state.segments.members.iter().map(row).collect()
}

fn campaign_members(state: &State) -> Vec<StatsRow> {
    let row = |((campaign, contact), row): (&(Id, Id), &crate::state::campaigns::Member)| {
        vec![
            id("campaign_id", *campaign),
            id("lead_id", *contact),
            text("date_added", &sql(row.added)),
            flag("manually_removed", row.manually_removed),
            flag("manually_added", row.manually_added),
            ("date_last_exited", row.last_exited.map(sql)),
            text("rotation", &row.rotation.to_string()),
        ]
    };
    state.campaigns.members.iter().map(row).collect()
}

fn campaign_log(state: &State) -> Vec<StatsRow> {
    let row = |(log, row): (Id, &crate::state::campaigns::CampaignLogRow)| {
        vec![
            id("id", log),
            id("event_id", row.event),
            id("lead_id", row.contact),
            id("campaign_id", row.campaign),
            text("rotation", &row.rotation.to_string()),
            ("date_triggered", row.date_triggered.map(sql)),
            flag("is_scheduled", row.is_scheduled),
            ("trigger_date", row.trigger_date.map(sql)),
            flag("system_triggered", true),
            text("metadata", "a:0:{}"),
            flag("non_action_path_taken", false),
        ]
    };
    state.campaigns.log.iter().map(row).collect()
}

fn webhook_logs(state: &State) -> Vec<StatsRow> {
    let row = |(log, row): (Id, &crate::state::hooks::HookLog)| {
        vec![
            id("id", log),
            id("webhook_id", row.hook),
            text("status_code", &row.status_code),
            text("date_added", &sql(row.added)),
            ("note", row.note.clone()),
            // Seconds, rounded to two places; the clock stands still while a delivery is under way.
            text("runtime", "0"),
        ]
    };
    state.hooks.logs.iter().map(row).collect()
}
