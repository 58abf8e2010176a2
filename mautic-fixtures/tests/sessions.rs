//! Every recorded session replays: every answer and every webhook as the real Mautic gave it.

#![allow(clippy::unwrap_used)]

use mautic_fixtures::held_against::replay::replay;
use mautic_fixtures::recordings;

/// Sessions that still differ, with the least number of steps that are equal. Numbers only ever go up, and a session
/// leaves the list when it is equal.
const STILL_DIFFERENT: &[(&str, usize)] = &[];

#[tokio::test]
async fn recorded_sessions_replay() {
    let mut wrong = Vec::new();
    for session in recordings::sessions().unwrap() {
        let name = session.header.session.clone();
        let (result, differences) = replay(&session).await.unwrap();
        let least = STILL_DIFFERENT.iter().find(|(known, _)| *known == name);
        let fine = match least {
            None => differences.is_empty(),
            Some((_, least)) => !differences.is_empty() && result.steps_equal >= *least,
        };
        if !fine {
            let first = differences.first().map(|first| format!("{first:?}"));
            wrong.push(format!(
                "{name}: {} of {} steps equal, listed {least:?}; first difference {first:?}",
                result.steps_equal, result.steps
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
