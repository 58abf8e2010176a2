//! What could not be understood.

use super::{Frame, Page, shown};
use crate::web::api::{ParkedBody, load_parked};
use crate::web::state::Admin;
use askama::Template;
use axum::extract::State;
use std::sync::Arc;

/// Items shown.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "parked.html")]
struct Parked {
    frame: Frame,
    items: Vec<ParkedBody>,
}

pub(super) async fn page(State(admin): State<Arc<Admin>>, frame: Frame) -> Page {
    let items = load_parked(&admin, SHOWN).await?;
    shown(&Parked { frame, items })
}
