//! What a replay found, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

/// The result of replaying several sessions.
#[derive(Debug, Default, Serialize)]
pub struct ReplayReport {
    /// Sessions replayed.
    pub sessions: usize,
    /// Sessions without a difference.
    pub sessions_equal: usize,
    /// Steps replayed.
    pub steps: usize,
    /// Steps without a difference.
    pub steps_equal: usize,
    /// Deliveries recorded.
    pub deliveries: usize,
    /// Recorded deliveries that came as recorded.
    pub deliveries_equal: usize,
    /// Where the two differ.
    pub differences: Vec<Difference>,
    /// The numbers per session.
    pub per_session: Vec<SessionResult>,
}

/// The numbers of one session.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SessionResult {
    /// The session's name.
    pub session: String,
    /// Steps replayed.
    pub steps: usize,
    /// Steps without a difference.
    pub steps_equal: usize,
    /// Deliveries recorded.
    pub deliveries: usize,
    /// Recorded deliveries that came as recorded.
    pub deliveries_equal: usize,
}

/// One difference.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// The session's name.
    pub session: String,
    /// Step number.
    pub step: u64,
    /// Method and path, or the command.
    pub request: String,
    /// JSON pointer into the answer (`/status`, `/headers/…`, `/body/…`) or `/webhooks/N/…`.
    #[serde(rename = "where")]
    pub place: String,
    /// What was recorded, shortened.
    pub expected: String,
    /// What came, shortened.
    pub got: String,
}

impl ReplayReport {
    /// Adds one session.
    pub fn add(&mut self, result: SessionResult, differences: Vec<Difference>) {
        self.sessions += 1;
        self.sessions_equal += usize::from(differences.is_empty());
        self.steps += result.steps;
        self.steps_equal += result.steps_equal;
        self.deliveries += result.deliveries;
        self.deliveries_equal += result.deliveries_equal;
        self.differences.extend(differences);
        self.per_session.push(result);
    }

    /// Whether every step of every session was equal.
    #[must_use]
    pub fn all_equal(&self) -> bool {
        self.sessions == self.sessions_equal
    }

    /// The report as text: a line per session, then the differences by endpoint.
    #[must_use]
    pub fn human(&self) -> String {
        let mut text = String::new();
        for result in &self.per_session {
            let mark = if result.steps == result.steps_equal {
                "equal "
            } else {
                "DIFFER"
            };
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{mark} {:<28} steps {}/{}  deliveries {}/{}",
                result.session,
                result.steps_equal,
                result.steps,
                result.deliveries_equal,
                result.deliveries
            );
        }
        for (endpoint, differences) in self.by_endpoint() {
            let _ = writeln!(text, "\n{endpoint}: {} differences", differences.len());
            for difference in differences.iter().take(20) {
                let Difference {
                    session,
                    step,
                    place,
                    expected,
                    got,
                    request,
                } = difference;
                let _ = writeln!(text, "  {session}#{step} {request} {place}");
                let _ = writeln!(text, "    expected {expected}\n    got      {got}");
            }
        }
        let _ = writeln!(
            text,
            "\n{} of {} sessions equal, {} of {} steps, {} of {} deliveries",
            self.sessions_equal,
            self.sessions,
            self.steps_equal,
            self.steps,
            self.deliveries_equal,
            self.deliveries
        );
        text
    }

    fn by_endpoint(&self) -> BTreeMap<String, Vec<&Difference>> {
        let mut groups: BTreeMap<String, Vec<&Difference>> = BTreeMap::new();
        for difference in &self.differences {
            groups
                .entry(endpoint(&difference.request))
                .or_default()
                .push(difference);
        }
        groups
    }
}

/// A request line with its ids and query left out, so that equal endpoints fall together.
#[must_use]
pub fn endpoint(request: &str) -> String {
    let path = request.split('?').next().unwrap_or_default();
    let numeric = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| if numeric(part) { "ID" } else { part })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::endpoint;

    #[test]
    fn endpoints_fall_together() {
        assert_eq!(
            endpoint("GET /api/contacts/12/points/groups/3?x=1"),
            "GET /api/contacts/ID/points/groups/ID"
        );
    }
}
