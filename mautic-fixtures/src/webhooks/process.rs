//! One delivery with its consequences for the hook, and the run of the queue.

use jiff::SignedDuration;
use serde_json::Value;

use super::send::{self, Outcome};
use crate::php;
use crate::server::answer::Exception;
use crate::server::options::QueueMode;
use crate::state::hooks::{HookLog, QueuedEvent};
use crate::state::{Id, State};

/// Events per POST of a queue run (`webhook_limit`).
const EVENTS_PER_POST: usize = 10;
/// Log rows that must all be failures before a hook is unpublished (`webhook_disable_limit`).
const DISABLE_LIMIT: usize = 100;
/// Log rows kept per hook (`webhook_log_max`).
const LOG_MAX: usize = 1000;
/// A hook edited within this time is not unpublished (`Webhook::wasModifiedRecently`).
const MERCY: SignedDuration = SignedDuration::from_hours(48);
/// What Mautic's notifier throws when the killed hook has no user as its author (FACTS N1).
const NO_AUTHOR: &str =
    "The identifier id is missing for a query of Mautic\\UserBundle\\Entity\\User";
/// Bytes kept of a note (`Log::setNote`).
const NOTE_BYTES: usize = 190;

/// `mautic:webhooks:process`: its exit code (FACTS 1, 2, 6, 7, N2).
pub fn run_queue(state: &mut State) -> i32 {
    if state.options.queue_mode == QueueMode::Immediate {
        return 0;
    }
    let mut hooks: Vec<(String, Id)> = state
        .hooks
        .table
        .iter()
        .filter(|(_, hook)| hook.stamp.is_published)
        .map(|(id, hook)| (hook.name.to_lowercase(), id))
        .collect();
    if hooks.is_empty() {
        return 1;
    }
    hooks.sort();
    // Mautic forgets this list only after a success: rows kept for a closed socket are deleted by the next success of
    // any hook in the same run.
    let mut in_flight = Vec::new();
    for (_, hook) in hooks {
        if drain(state, hook, &mut in_flight).is_err() {
            return 1;
        }
    }
    0
}

fn drain(state: &mut State, hook: Id, in_flight: &mut Vec<Id>) -> Result<(), Exception> {
    loop {
        let batch = next_batch(state, hook);
        if batch.is_empty() {
            return Ok(());
        }
        in_flight.extend(batch.iter().map(|(id, _)| *id));
        let body = super::body(batch.iter().map(|(_, queued)| queued));
        if !deliver(state, hook, &body, in_flight)? {
            return Ok(());
        }
        in_flight.clear();
    }
}

fn next_batch(state: &State, hook: Id) -> Vec<(Id, QueuedEvent)> {
    let own_order = state
        .hooks
        .table
        .get(hook)
        .and_then(|hook| hook.events_orderby_dir.as_deref());
    let order = own_order.unwrap_or(&state.options.events_orderby_dir);
    let waiting = state
        .hooks
        .queue
        .iter()
        .filter(|(_, queued)| queued.hook == hook);
    let owned = |(id, queued): (Id, &QueuedEvent)| (id, queued.clone());
    if order.eq_ignore_ascii_case("DESC") {
        waiting.rev().take(EVENTS_PER_POST).map(owned).collect()
    } else {
        waiting.take(EVENTS_PER_POST).map(owned).collect()
    }
}

/// Posts a body to a hook. True when the receiver took it; queue rows go with every answer, good or bad.
pub(super) fn deliver(
    state: &mut State,
    hook: Id,
    body: &Value,
    queue_rows: &[Id],
) -> Result<bool, Exception> {
    let Some(target) = state.hooks.table.get(hook).cloned() else {
        return Ok(false);
    };
    let raw = php::json_encode(body);
    state.hooks.deliveries_sent += 1;
    let failure = match send::post(state, &target.webhook_url, &target.secret, &raw) {
        Outcome::Answered { status, body } => {
            for row in queue_rows {
                state.hooks.queue.remove(*row);
            }
            log(
                state,
                hook,
                &status.to_string(),
                Some(body).filter(|body| !body.is_empty()),
            );
            if (200..300).contains(&status) {
                if state.options.keep_acknowledged {
                    state.hooks.acknowledged.push(raw);
                }
                return Ok(true);
            }
            // A 410 is handled before the failure is thrown, so the notifier's exception replaces it and is logged.
            let notified = if status == 410 {
                kill(state, hook)
            } else {
                Ok(())
            };
            notified.err().map_or_else(
                || {
                    format!(
                        "{} returned {status} with payload: {}",
                        target.webhook_url, raw
                    )
                },
                |exception| exception.message,
            )
        }
        Outcome::Failed(message) => message,
    };
    let mut note = failure;
    if is_sick(state, hook) {
        kill(state, hook)?;
        let rest = format!(
            " Webhook was automatically deactivated, because the response has errored out {DISABLE_LIMIT} times in a row."
        );
        note.push_str(&rest);
    }
    log(state, hook, "N/A", Some(note));
    Ok(false)
}

/// Whether all of the newest log rows are failures; a hook without rows or edited recently is spared (FACTS 9).
fn is_sick(state: &State, hook: Id) -> bool {
    let now = state.clock.now();
    let modified = state
        .hooks
        .table
        .get(hook)
        .and_then(|hook| hook.stamp.date_modified);
    if modified.is_some_and(|modified| now.duration_since(modified) <= MERCY) {
        return false;
    }
    let mut newest: Vec<(Id, &HookLog)> = state
        .hooks
        .logs
        .iter()
        .filter(|(_, log)| log.hook == hook)
        .collect();
    newest.sort_by(|(a_id, a), (b_id, b)| b.added.cmp(&a.added).then(b_id.cmp(a_id)));
    newest.truncate(DISABLE_LIMIT);
    let succeeded = |log: &HookLog| {
        log.status_code
            .parse()
            .is_ok_and(|code: u16| (200..300).contains(&code))
    };
    !newest.is_empty() && !newest.iter().any(|(_, log)| succeeded(log))
}

/// Unpublishes a hook and tells its author, which fails when the author is no user (FACTS 9, 10, N1).
fn kill(state: &mut State, hook: Id) -> Result<(), Exception> {
    touch(state, hook, true);
    let author = state.hooks.table.get_mut(hook).and_then(|hook| {
        hook.stamp.is_published = false;
        hook.stamp.created_by
    });
    author.map(drop).ok_or_else(|| Exception::new(NO_AUTHOR))
}

/// Every log row saves the hook too, which names the one who caused the delivery as its last editor.
fn log(state: &mut State, hook: Id, status_code: &str, note: Option<String>) {
    let kept: Vec<Id> = state
        .hooks
        .logs
        .iter()
        .filter(|(_, log)| log.hook == hook)
        .map(|(id, _)| id)
        .collect();
    for old in kept.iter().take(kept.len().saturating_sub(LOG_MAX)) {
        state.hooks.logs.remove(*old);
    }
    let added = state.now();
    let note = note.map(|note| cut(&php::html::strip_tags(&note)).to_owned());
    state.hooks.logs.insert_with(|_| HookLog {
        hook,
        status_code: status_code.to_owned(),
        added,
        note,
    });
    touch(state, hook, false);
}

fn touch(state: &mut State, hook: Id, changed: bool) {
    let Some(mut stamp) = state.hooks.table.get(hook).map(|hook| hook.stamp.clone()) else {
        return;
    };
    let before = stamp.date_modified;
    stamp.modified(state);
    if !changed {
        stamp.date_modified = before;
    }
    if let Some(hook) = state.hooks.table.get_mut(hook) {
        hook.stamp = stamp;
    }
}

fn cut(note: &str) -> &str {
    let end = (0..=NOTE_BYTES.min(note.len()))
        .rev()
        .find(|end| note.is_char_boundary(*end));
    &note[..end.unwrap_or(0)]
}
