//! What can be asked of the stand-in itself, outside of Mautic's URL space:
//!
//! * `/__stand-in/faults`: GET lists the rules, POST adds one or a list of them, DELETE removes all;
//! * `/__stand-in/snapshot`: POST keeps the present state for stale reads;
//! * `/__stand-in/clock`: POST `{"set": "2026-01-01T00:00:00Z"}` or `{"advance_ms": 500}` moves a manual clock;
//! * `/__stand-in/command`: POST `{"command": "mautic:segments:update"}` runs a console command.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Faults, Rule};
use crate::server::answer::Answer;
use crate::server::request::Request;
use crate::state::State;

/// Answers a request to the stand-in itself; `None` for one to Mautic.
pub(crate) fn admin(state: &mut State, faults: &Faults, request: &Request) -> Option<Answer> {
    let ["__stand-in", what] = request.path_segments()[..] else {
        return None;
    };
    let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
    let done = match (request.method.as_str(), what) {
        ("GET", "faults") => Ok(listed(faults)),
        ("DELETE", "faults") => {
            faults.clear();
            Ok(listed(faults))
        }
        ("POST", "faults") => add(state, faults, body),
        ("POST", "snapshot") => {
            faults.keep_snapshot(state);
            Ok(json!({"kept": true}))
        }
        ("POST", "clock") => move_clock(state, &body),
        ("POST", "command") => match body.get("command").and_then(Value::as_str) {
            Some(command) => Ok(json!({"exit_code": crate::cron::run(state, command)})),
            None => Err("a command is missing".to_owned()),
        },
        _ => {
            return Some(Answer::json(
                404,
                &json!({"error": "unknown request to the stand-in"}),
            ));
        }
    };
    Some(match done {
        Ok(body) => Answer::json(200, &body),
        Err(error) => Answer::json(400, &json!({"error": error})),
    })
}

fn listed(faults: &Faults) -> Value {
    let rules = faults.rules();
    let rules: Vec<Value> = rules
        .iter()
        .map(|(rule, fired)| json!({"rule": rule, "fired": fired}))
        .collect();
    json!({"faults": rules})
}

fn add(state: &State, faults: &Faults, body: Value) -> Result<Value, String> {
    let rules: Vec<Rule> = match body {
        Value::Array(_) => serde_json::from_value(body).map_err(|error| error.to_string())?,
        _ => vec![serde_json::from_value(body).map_err(|error| error.to_string())?],
    };
    faults.keep_snapshot(state);
    for rule in rules {
        faults.add(rule);
    }
    Ok(listed(faults))
}

fn move_clock(state: &State, body: &Value) -> Result<Value, String> {
    if let Some(to) = body.get("set").and_then(Value::as_str) {
        state
            .clock
            .set(to.parse().map_err(|error| format!("set: {error}"))?);
    } else if let Some(by) = body.get("advance_ms").and_then(Value::as_u64) {
        state.clock.advance(Duration::from_millis(by));
    } else {
        return Err("set or advance_ms is missing".to_owned());
    }
    Ok(json!({"now": state.clock.now().to_string()}))
}
