//! `/mtc/event` and `/mtracking.gif`: hits of pages outside of Mautic.

use serde_json::json;

use super::hits::{Target, hit_page};
use super::identification::INVALID_CLICK_THROUGH;
use super::pixel_image;
use super::session::Visit;
use crate::server::answer::{Answer, Handled};
use crate::state::State;

/// `/mtc/event`, the tracking script's call.
pub(super) fn event(state: &mut State, visit: &mut Visit<'_>) -> Handled {
    match hit_page(state, visit, Target::Elsewhere, 200, None) {
        Ok(()) => {}
        Err(exception) if exception.message == INVALID_CLICK_THROUGH => {
            return Ok(Answer::json(200, &json!({"success": 0})));
        }
        Err(exception) => return Err(exception.into()),
    }
    let contact = visit.contact(state)?.id().unwrap_or(0);
    let tracking_id = visit.tracking_id(state);
    let body = json!({"success": 1, "id": contact, "sid": tracking_id, "device_id": tracking_id, "events": []});
    Ok(Answer::json(200, &body))
}

/// `/mtc`: who the browser is.
pub(super) fn who_am_i(state: &mut State, visit: &mut Visit<'_>) -> Handled {
    let contact = visit.contact(state)?.id();
    let tracking_id = visit.tracking_id(state);
    Ok(Answer::json(
        200,
        &json!({"id": contact, "sid": tracking_id, "device_id": tracking_id}),
    ))
}

/// `/mtracking.gif`, the tracking pixel.
pub(super) fn pixel(state: &mut State, visit: &mut Visit<'_>) -> Handled {
    hit_page(state, visit, Target::Elsewhere, 200, None)?;
    Ok(pixel_image())
}
