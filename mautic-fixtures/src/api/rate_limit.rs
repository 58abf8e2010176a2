//! The rate limiter: so many calls per hour and credentials (FACTS 143, N7).

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::server::answer::Answer;
use crate::server::request::Request;
use crate::state::State;

/// Length of a window in seconds; it begins with the first call.
const PERIOD: i64 = 3600;

/// Calls made by each token or login.
#[derive(Clone, Debug, Default)]
pub struct RateLimiter {
    windows: HashMap<String, Window>,
}

#[derive(Clone, Copy, Debug)]
struct Window {
    calls: u32,
    reset: Timestamp,
}

/// Where one caller stands after a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    limit: u32,
    calls: u32,
    reset: Timestamp,
}

/// Counts a call of somebody who is logged in; `None` when there is no limit.
pub(super) fn count(state: &mut State, request: &Request) -> Option<Standing> {
    let limit = state.options.api_rate_limiter_limit;
    if limit == 0 {
        return None;
    }
    let credentials = request
        .header("authorization")
        .or_else(|| request.query_text("access_token"))?;
    let now = state.now();
    let fresh = Window {
        calls: 0,
        reset: now + SignedDuration::from_secs(PERIOD),
    };
    let window = state
        .rate_limiter
        .windows
        .entry(credentials.to_owned())
        .or_insert(fresh);
    if window.reset <= now {
        *window = fresh;
    }
    window.calls += 1;
    Some(Standing {
        limit,
        calls: window.calls,
        reset: window.reset,
    })
}

impl Standing {
    /// The refusal, when there were too many calls.
    pub(super) fn refusal(self, is_route: bool) -> Option<Answer> {
        if self.calls <= self.limit {
            return None;
        }
        let message = format!(
            "You exceeded the rate limit of {} API calls per hour.",
            self.limit
        );
        let body = json!({"errors": [{"code": 429, "message": message, "details": []}]});
        let mut answer = Answer::json(429, &body);
        if !is_route {
            answer.headers = vec![(
                "content-type".to_owned(),
                "text/html; charset=UTF-8".to_owned(),
            )];
        }
        Some(self.mark(answer))
    }

    /// The answer with the limiter's headers.
    pub(super) fn mark(self, answer: Answer) -> Answer {
        let remaining = self.limit.saturating_sub(self.calls);
        answer
            .with_header("x-ratelimit-limit", &self.limit.to_string())
            .with_header("x-ratelimit-remaining", &remaining.to_string())
            .with_header("x-ratelimit-reset", &self.reset.as_second().to_string())
    }
}
