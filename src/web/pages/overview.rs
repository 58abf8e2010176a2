//! The first page: how is it?

use super::shapes::{grouped, lasting};
use super::{Frame, Page, shown};
use crate::health::{Component, State as Condition};
use crate::web::api::{StatusBody, WriteBody, load_status, load_writes};
use crate::web::state::Admin;
use askama::Template;
use axum::extract::State;
use std::sync::Arc;

/// Writes shown.
const WRITES: usize = 12;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    status: StatusBody,
    tiles: Vec<Tile>,
    median: String,
    p99: String,
    writes: Vec<WriteBody>,
}

/// One number.
struct Tile {
    label: &'static str,
    value: String,
    note: String,
    /// Whether a person should look.
    alert: bool,
}

impl Overview {
    fn state_name(component: &Component) -> &'static str {
        match (component.state, component.required) {
            (Condition::Ok, _) => "ok",
            (Condition::Degraded, _) | (Condition::Down, false) => "degraded",
            (Condition::Down, true) => "down",
        }
    }

    fn state_text(component: &Component) -> &'static str {
        match component.state {
            Condition::Ok => "OK",
            Condition::Degraded => "Degraded",
            Condition::Down => "Down",
        }
    }
}

pub(super) async fn page(State(admin): State<Arc<Admin>>, frame: Frame) -> Page {
    let status = load_status(&admin).await?;
    let writes = load_writes(&admin, WRITES).await?;
    let delay = |ms: Option<u64>| ms.map_or_else(|| "–".to_owned(), lasting);
    shown(&Overview {
        frame,
        tiles: tiles(&status),
        median: delay(status.delays.median_ms),
        p99: delay(status.delays.p99_ms),
        status,
        writes,
    })
}

fn tiles(status: &StatusBody) -> Vec<Tile> {
    let counts = &status.counts;
    let tile = |label, value, note: String, alert| Tile {
        label,
        value: grouped(value),
        note,
        alert,
    };
    vec![
        tile(
            "Contacts",
            counts.contacts,
            format!("{} merged, {} erased", counts.merged, counts.deleted),
            false,
        ),
        tile(
            "Activities",
            counts.activities,
            format!("from {} deliveries and polls", grouped(counts.deliveries)),
            false,
        ),
        tile(
            "Scores",
            counts.scores,
            format!("contacts that wait to be scored: {}", grouped(counts.dirty)),
            false,
        ),
        tile(
            "Writes",
            counts.writes,
            format!(
                "values still to be written: {}",
                grouped(counts.pending_intents)
            ),
            false,
        ),
        tile(
            "Refused by Mautic",
            counts.parked_intents,
            "values that need a person".to_owned(),
            counts.parked_intents > 0,
        ),
        tile(
            "Parked items",
            counts.parked,
            "could not be understood".to_owned(),
            counts.parked > 0,
        ),
    ]
}
