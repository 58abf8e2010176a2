//! Holds the stand-in against the recorded sequences of deliveries: which come, in which order, in which shape.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};

use super::answers::recorded_body;
use super::cookies::CookieJar;
use super::receiver::Receiver;
use super::session::{BasicUser, Capture, SessionError};
use super::shape;
use super::variables::Variables;
use super::wire::{self, WireRequest, WireResponse};
use crate::webhooks::EventType;
use crate::{ClockKind, Options, QueueMode, StandIn};

const SCRIPTS: &str = include_str!("webhook_scripts.txt");
const SITE: &str = "127.0.0.1:8088";
/// Where the scripts' hooks seem to point.
const RECEIVER: &str = "127.0.0.1:9731";

/// What came of all sequences.
#[derive(Debug, Default, Serialize)]
pub struct SequenceReport {
    /// Recorded sequences.
    pub sequences: usize,
    /// Sequences that were played.
    pub tried: usize,
    /// Sequences whose deliveries agree in types, order and shape.
    pub agree: usize,
    /// Those that do not, with the places.
    pub differences: Vec<SequenceDifference>,
    /// Names of those that no script plays.
    pub not_covered: Vec<String>,
}

/// A sequence that does not agree.
#[derive(Debug, Serialize)]
pub struct SequenceDifference {
    /// Name of the sequence.
    pub sequence: String,
    /// Where it disagrees.
    #[serde(rename = "where")]
    pub places: Vec<String>,
}

impl SequenceReport {
    /// The report as text.
    #[must_use]
    pub fn human(&self) -> String {
        let mut lines = Vec::new();
        for SequenceDifference { sequence, places } in &self.differences {
            lines.push(sequence.clone());
            lines.extend(places.iter().map(|place| format!("    {place}")));
        }
        lines.extend(
            self.not_covered
                .iter()
                .map(|name| format!("not tried: {name}")),
        );
        let counts = (
            self.sequences,
            self.tried,
            self.agree,
            self.differences.len(),
        );
        lines.push(format!(
            "\n{} sequences: {} tried, {} agree, {} differ",
            counts.0, counts.1, counts.2, counts.3
        ));
        lines.join("\n")
    }
}

/// Reads a folder of recorded deliveries: the lines of each file by its name without extension.
///
/// # Errors
/// When a file cannot be read or a line is no JSON.
pub fn read(folder: &Path) -> Result<BTreeMap<String, Vec<Value>>, SessionError> {
    let mut files = BTreeMap::new();
    for path in super::session::session_files(&[folder.to_owned()])? {
        let text = std::fs::read_to_string(&path).map_err(|source| SessionError::Io {
            path: path.clone(),
            source,
        })?;
        let name = path
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let line = |(index, line): (usize, &str)| {
            serde_json::from_str(line).map_err(|error| SessionError::Line {
                name: path.display().to_string(),
                line: index + 1,
                reason: error.to_string(),
            })
        };
        let lines = text
            .lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty())
            .map(line);
        files.insert(name, lines.collect::<Result<_, _>>()?);
    }
    Ok(files)
}

/// Plays the sequences for which there is a script.
///
/// # Errors
/// When a stand-in cannot be started or talked to.
pub async fn check(recorded: &BTreeMap<String, Vec<Value>>) -> std::io::Result<SequenceReport> {
    let mut report = SequenceReport::default();
    let scripts = scripts();
    let groundwork = scripts.get("*").cloned().unwrap_or_default();
    for sequence in recorded.get("_sequences").into_iter().flatten() {
        let name = sequence
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        report.sequences += 1;
        let Some(script) = scripts.get(name) else {
            report.not_covered.push(name.to_owned());
            continue;
        };
        let got = Play::run(&groundwork, script).await?;
        report.tried += 1;
        let places = compare(recorded, sequence, &got);
        if places.is_empty() {
            report.agree += 1;
        } else {
            report.differences.push(SequenceDifference {
                sequence: name.to_owned(),
                places,
            });
        }
    }
    Ok(report)
}

fn scripts() -> HashMap<&'static str, Vec<&'static str>> {
    let mut scripts: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut current = "";
    for line in SCRIPTS.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix("= ") {
            Some(name) => current = name,
            None => scripts.entry(current).or_default().push(line),
        }
    }
    scripts
}

fn compare(
    recorded: &BTreeMap<String, Vec<Value>>,
    sequence: &Value,
    got: &[Value],
) -> Vec<String> {
    let expected = sequence
        .get("deliveries")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let types = |events: &Value| {
        let events = events.as_object().into_iter().flatten();
        events
            .map(|(name, count)| format!("{}x{count}", name.trim_start_matches("mautic.")))
            .collect::<Vec<_>>()
            .join("+")
    };
    let counted = |body: &Value| -> Value {
        let types = body.as_object().into_iter().flatten();
        types
            .map(|(name, items)| (name.clone(), json!(items.as_array().map_or(0, Vec::len))))
            .collect()
    };
    let left: Vec<String> = expected
        .iter()
        .map(|delivery| types(&delivery["events"]))
        .collect();
    let right: Vec<String> = got.iter().map(|body| types(&counted(body))).collect();
    if left != right {
        return vec![format!(
            "expected {}; got {}",
            left.join(" "),
            right.join(" ")
        )];
    }
    let mut places = Vec::new();
    for (index, (delivery, body)) in expected.iter().zip(got).enumerate() {
        if let Some(shape) = recorded_delivery(recorded, delivery) {
            places.extend(shape::disagreements(&format!("/{index}"), &shape, body));
        }
    }
    places
}

fn recorded_delivery(recorded: &BTreeMap<String, Vec<Value>>, delivery: &Value) -> Option<Value> {
    let lines = recorded.get(delivery.get("file")?.as_str()?)?;
    let line = lines
        .iter()
        .find(|line| line.get("name") == delivery.get("name"))?;
    serde_json::from_str(line.get("body_raw")?.as_str()?).ok()
}

struct Play {
    stand_in: StandIn,
    receiver: Receiver,
    variables: Variables,
    jars: HashMap<String, CookieJar>,
    heard: Vec<Value>,
}

impl Play {
    async fn run(groundwork: &[&str], script: &[&str]) -> std::io::Result<Vec<Value>> {
        let receiver = Receiver::start().await?;
        let queue = script.contains(&"queue");
        let options = Options {
            site_url: Some(format!("http://{SITE}")),
            queue_mode: if queue {
                QueueMode::Command
            } else {
                QueueMode::Immediate
            },
            clock: ClockKind::Manual(
                jiff::Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(24 * 365 * 56),
            ),
            receivers: vec![(RECEIVER.to_owned(), receiver.address())],
            ..Options::default()
        };
        let stand_in = StandIn::start(options).await?;
        let mut play = Self {
            stand_in,
            receiver,
            variables: Variables::default(),
            jars: HashMap::new(),
            heard: Vec::new(),
        };
        for line in groundwork {
            play.line(line).await?;
        }
        if !script.iter().any(|line| line.starts_with("hook ")) {
            let triggers: Vec<&str> = EventType::ALL.iter().map(|event| event.name()).collect();
            let url = format!("http://{RECEIVER}/hook");
            let hook =
                json!({"name": "sidecar", "webhookUrl": url, "secret": "s", "triggers": triggers});
            play.send(None, "POST", "/api/hooks/new", &hook.to_string())
                .await?;
        }
        for line in script {
            play.line(line).await?;
        }
        play.stand_in.stop().await;
        Ok(play.heard)
    }

    async fn line(&mut self, line: &str) -> std::io::Result<()> {
        let (counts, line) = line
            .strip_prefix("- ")
            .map_or((true, line), |line| (false, line));
        self.stand_in.clock().advance(Duration::from_millis(100));
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut parts = rest.splitn(3, ' ');
        let (first, second, third) = (
            parts.next().unwrap_or(""),
            parts.next().unwrap_or(""),
            parts.next().unwrap_or(""),
        );
        match word {
            "wait" => self
                .stand_in
                .clock()
                .advance(Duration::from_millis(first.parse().unwrap_or(0))),
            "cron" => drop(self.stand_in.run_command(rest).await),
            "hits" => {
                let path = "/mtracking.gif?page_url=http%3A%2F%2Fshop.example.test%2Fa";
                for _ in 0..first.parse().unwrap_or(0) {
                    self.send(Some("v"), "GET", path, "").await?;
                }
            }
            "hook" => drop(self.send(None, "POST", "/api/hooks/new", rest).await?),
            "api" => drop(self.send(None, first, second, third).await?),
            "capture" => {
                let answer = self.send(None, "GET", third, "").await?;
                let capture = Capture {
                    var: first.to_owned(),
                    from: second.to_owned(),
                };
                self.variables.capture(&[capture], &recorded_body(&answer));
            }
            _ => {
                if let Some(visitor) = word.strip_prefix("web:") {
                    self.send(Some(visitor), first, second, third).await?;
                }
            }
        }
        let received = self.receiver.take();
        if counts {
            self.heard.extend(
                received
                    .iter()
                    .filter_map(|delivery| serde_json::from_slice(&delivery.body).ok()),
            );
        }
        Ok(())
    }

    async fn send(
        &mut self,
        visitor: Option<&str>,
        method: &str,
        path: &str,
        body: &str,
    ) -> std::io::Result<WireResponse> {
        let user = BasicUser {
            user: Options::default().user.name,
            password: Options::default().user.password,
        };
        let mut headers = match visitor {
            None => vec![(
                "Authorization".to_owned(),
                self.variables.header("Basic <ok>", &user),
            )],
            Some(visitor) => vec![("User-Agent".to_owned(), user_agent(visitor).to_owned())],
        };
        let jar = visitor
            .and_then(|visitor| self.jars.get(visitor))
            .and_then(CookieJar::header);
        headers.extend(jar.map(|cookies| ("Cookie".to_owned(), cookies)));
        if visitor.is_some() && !body.is_empty() {
            headers.push((
                "Content-Type".to_owned(),
                "application/x-www-form-urlencoded".to_owned(),
            ));
        }
        let request = WireRequest {
            method: method.to_owned(),
            path: self.variables.fill(path),
            headers,
            body: (!body.is_empty()).then(|| self.variables.fill(body).into_bytes()),
        };
        let address: SocketAddr = self.stand_in.address();
        let answer = wire::send(address, SITE, &request).await?;
        if let Some(visitor) = visitor {
            self.jars
                .entry(visitor.to_owned())
                .or_default()
                .store(answer.all("set-cookie"));
        }
        Ok(answer)
    }
}

fn user_agent(visitor: &str) -> &'static str {
    match visitor {
        "curl" => "curl/8.5.0",
        "bot" => "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "apple" => "Mozilla/5.0",
        "google" => {
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
        }
        _ => "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    }
}
