//! Reads a recorded session: one JSON object per line, the first describes the server, the others are steps.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Why a session file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// The file cannot be read.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line is not what it should be.
    #[error("{name}, line {line}: {reason}")]
    Line {
        /// Name of the file or recording.
        name: String,
        /// Line number from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The file holds no line at all.
    #[error("{0}: the file is empty")]
    Empty(String),
    /// A folder without a single session.
    #[error("{0}: no *.jsonl file in this folder")]
    NoFiles(PathBuf),
}

/// A whole recorded session.
#[derive(Debug, Clone)]
pub struct Session {
    /// The server's state at the start (line 1).
    pub header: Header,
    /// What was done, in order.
    pub steps: Vec<Step>,
}

/// Line 1 of a session.
#[derive(Debug, Clone, Deserialize)]
pub struct Header {
    /// The session's name.
    pub session: String,
    /// What it shows.
    #[serde(default)]
    pub about: String,
    /// Start of the recording; the centre of the time mask.
    pub recorded_at: Timestamp,
    /// Configuration of the recorded server.
    pub config: Config,
    /// The one `OAuth2` client.
    pub oauth_client: OauthClient,
    /// The one user.
    pub basic: BasicUser,
    /// URL of the webhook receiver.
    pub hook_receiver: String,
}

/// Configuration of the recorded server.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// `immediate` or `command`.
    pub queue_mode: String,
    /// `ASC` or `DESC`; what the session's own hook requests say.
    #[serde(default)]
    pub events_orderby_dir: Option<String>,
    /// Requests per hour and token; 0 = off.
    #[serde(default)]
    pub api_rate_limiter_limit: u32,
    /// Mautic's own URL without a slash at the end.
    pub site_url: String,
    /// Aliases of the standard contact fields left published.
    #[serde(default)]
    pub published_contact_fields: Option<Vec<String>>,
    /// Rows inserted before the start.
    #[serde(default)]
    pub setup_sql: Vec<String>,
}

/// An `OAuth2` client.
#[derive(Debug, Clone, Deserialize)]
pub struct OauthClient {
    /// Public id, with the number in front (`1_…`).
    pub id: String,
    /// Secret.
    pub secret: String,
}

/// A user with a password.
#[derive(Debug, Clone, Deserialize)]
pub struct BasicUser {
    /// Login name.
    pub user: String,
    /// Password.
    pub password: String,
}

/// One step.
#[derive(Debug, Clone)]
pub struct Step {
    /// Running number.
    pub number: u64,
    /// When it was done.
    pub at: Timestamp,
    /// What is done.
    pub action: Action,
    /// The deliveries it caused, in order of arrival.
    pub webhooks: Vec<Delivery>,
    /// What the receiver answers meanwhile; the last answer repeats.
    pub receiver: Vec<ReceiverAnswer>,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Action {
    /// A request, and its recorded answer.
    Send {
        /// Name of the cookie jar; `None` for the API client, which keeps none.
        visitor: Option<String>,
        /// Start with an empty jar.
        new_visitor: bool,
        /// The request.
        request: Box<Request>,
        /// The recorded answer.
        response: Box<Response>,
        /// Variables taken from the answer.
        capture: Vec<Capture>,
    },
    /// A console command and its recorded exit code.
    Command {
        /// Name of the command, for example `mautic:segments:update`.
        command: String,
        /// Recorded exit code.
        exit_code: i32,
    },
    /// Time passes, in milliseconds.
    Wait(u64),
}

/// A request as recorded, placeholders included.
#[derive(Debug, Clone, Deserialize)]
pub struct Request {
    /// HTTP method.
    pub method: String,
    /// Path with query.
    pub path: String,
    /// Headers besides Host, Content-Length and Cookie.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// `null`: none; a string: as it is; anything else: JSON.
    #[serde(default)]
    pub body: Value,
    /// Neither send nor keep cookies.
    #[serde(default)]
    pub no_cookies: bool,
}

/// An answer as recorded.
#[derive(Debug, Clone, Deserialize)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// The headers that were recorded, names in lower case.
    #[serde(default)]
    pub headers: Map<String, Value>,
    /// JSON, text, a note, or `{binary_bytes, sha256}`.
    #[serde(default)]
    pub body: Value,
    /// Names of the cookies set; `name(deleted)` when expired.
    #[serde(default)]
    pub set_cookie_names: Vec<String>,
}

/// Stores a part of an answer as a variable.
#[derive(Debug, Clone, Deserialize)]
pub struct Capture {
    /// Name of the variable.
    pub var: String,
    /// JSON pointer into the answer's body.
    pub from: String,
}

/// A recorded webhook delivery.
#[derive(Debug, Clone, Deserialize)]
pub struct Delivery {
    /// Path of the hook's URL.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Map<String, Value>,
    /// The exact body.
    pub body_raw: String,
}

/// What the webhook receiver does with one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReceiverAnswer {
    /// Answers with a status and headers.
    Status(u16, Vec<(String, String)>),
    /// Reads the request and closes the socket.
    Close,
}

#[derive(Deserialize)]
struct RawStep {
    step: u64,
    at: Timestamp,
    actor: String,
    #[serde(default)]
    new_visitor: bool,
    request: Option<Request>,
    response: Option<Response>,
    #[serde(default)]
    capture: Vec<Capture>,
    command: Option<String>,
    exit_code: Option<i32>,
    sleep_ms: Option<u64>,
    #[serde(default)]
    webhooks: Vec<Delivery>,
    #[serde(default)]
    receiver: Value,
}

impl Session {
    /// Parses the text of a session; `name` is used in errors.
    ///
    /// # Errors
    /// When the text is empty or a line is not a header or step.
    pub fn parse(name: &str, text: &str) -> Result<Self, SessionError> {
        let wrong = |line: usize, reason: String| SessionError::Line {
            name: name.to_owned(),
            line,
            reason,
        };
        let mut lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty());
        let (_, first) = lines
            .next()
            .ok_or_else(|| SessionError::Empty(name.to_owned()))?;
        let header: Header = serde_json::from_str(first)
            .map_err(|error| wrong(1, format!("not a session's first line: {error}")))?;
        let steps = lines
            .map(|(index, line)| {
                let raw: RawStep = serde_json::from_str(line)
                    .map_err(|error| wrong(index + 1, format!("not a step: {error}")))?;
                raw.typed().map_err(|reason| wrong(index + 1, reason))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { header, steps })
    }

    /// Reads a session from a file.
    ///
    /// # Errors
    /// When the file cannot be read or is no session.
    pub fn read(path: &Path) -> Result<Self, SessionError> {
        let text = std::fs::read_to_string(path).map_err(|source| SessionError::Io {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&path.display().to_string(), &text)
    }
}

impl RawStep {
    fn typed(self) -> Result<Step, String> {
        let visitor = match self.actor.as_str() {
            "api" | "cron" | "clock" => None,
            actor => match actor.strip_prefix("visitor:") {
                Some(name) => Some(name.to_owned()),
                None => return Err(format!("unknown actor {actor:?}")),
            },
        };
        let action = match (self.request, self.command, self.sleep_ms) {
            (Some(request), None, None) => Action::Send {
                visitor,
                new_visitor: self.new_visitor,
                request: Box::new(request),
                response: Box::new(self.response.ok_or("a request without a response")?),
                capture: self.capture,
            },
            (None, Some(command), None) => Action::Command {
                command,
                exit_code: self.exit_code.ok_or("a command without an exit code")?,
            },
            (None, None, Some(ms)) => Action::Wait(ms),
            _ => return Err("a step needs exactly one of request, command, sleep_ms".to_owned()),
        };
        let receiver = receiver_answers(&self.receiver)?;
        Ok(Step {
            number: self.step,
            at: self.at,
            action,
            webhooks: self.webhooks,
            receiver,
        })
    }
}

fn receiver_answers(script: &Value) -> Result<Vec<ReceiverAnswer>, String> {
    if script.is_null() {
        return Ok(vec![ReceiverAnswer::Status(200, Vec::new())]);
    }
    if let Some(list) = script.get("sequence").and_then(Value::as_array) {
        return list.iter().map(receiver_answer).collect();
    }
    Ok(vec![receiver_answer(script)?])
}

fn receiver_answer(script: &Value) -> Result<ReceiverAnswer, String> {
    if script.get("close").and_then(Value::as_bool) == Some(true) {
        return Ok(ReceiverAnswer::Close);
    }
    let status = script
        .get("status")
        .and_then(Value::as_u64)
        .and_then(|status| u16::try_from(status).ok())
        .ok_or_else(|| format!("unknown receiver answer {script}"))?;
    let headers = script
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let headers =
        headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()));
    Ok(ReceiverAnswer::Status(status, headers.collect()))
}

/// The session files named on a command line: files as they are, folders' `*.jsonl` in order of name.
///
/// # Errors
/// When a path does not exist or a folder holds no session.
pub fn session_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, SessionError> {
    let mut files = Vec::new();
    for path in paths {
        let io = |source| SessionError::Io {
            path: path.clone(),
            source,
        };
        if !std::fs::metadata(path).map_err(io)?.is_dir() {
            files.push(path.clone());
            continue;
        }
        let mut inside: Vec<PathBuf> = std::fs::read_dir(path)
            .map_err(io)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|file| {
                file.extension()
                    .is_some_and(|extension| extension == "jsonl")
            })
            .collect();
        if inside.is_empty() {
            return Err(SessionError::NoFiles(path.clone()));
        }
        inside.sort();
        files.append(&mut inside);
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = r#"{"session":"s","recorded_at":"2026-01-01T00:00:00Z","config":{"queue_mode":"immediate","site_url":"http://m"},"oauth_client":{"id":"1_a","secret":"b"},"basic":{"user":"u","password":"p"},"hook_receiver":"http://r/hook"}"#;

    #[test]
    fn odd_files_are_clear_errors() {
        assert_eq!(
            Session::parse("x", "").unwrap_err().to_string(),
            "x: the file is empty"
        );
        let error = Session::parse("x", "{\"a\":1}").unwrap_err().to_string();
        assert!(
            error.starts_with("x, line 1: not a session's first line"),
            "{error}"
        );
        let step = r#"{"step":1,"at":"2026-01-01T00:00:00Z","actor":"ghost","sleep_ms":3}"#;
        let error = Session::parse("x", &format!("{HEADER}\n{step}"))
            .unwrap_err()
            .to_string();
        assert_eq!(error, "x, line 2: unknown actor \"ghost\"");
    }

    #[test]
    fn receiver_scripts() {
        let script = serde_json::json!({"sequence": [{"status": 200}, {"close": true}]});
        assert_eq!(receiver_answers(&script).unwrap()[1], ReceiverAnswer::Close);
        assert!(receiver_answers(&serde_json::json!({"wait": 3})).is_err());
    }
}
