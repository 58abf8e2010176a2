//! Replays a recorded session against a fresh stand-in and compares every answer and every webhook.

use std::collections::HashMap;
use std::net::SocketAddr;

use serde_json::Value;
use url::Url;

use super::answers;
use super::compare::Mismatch;
use super::cookies::CookieJar;
use super::deliveries::{self, Secrets};
use super::masks::Masks;
use super::receiver::Receiver;
use super::report::{Difference, SessionResult};
use super::session::{Action, Capture, Header, Request, Response, Session, Step};
use super::variables::Variables;
use super::wire::{self, WireRequest};
use crate::{ClockKind, OauthClient, Options, QueueMode, StandIn, User};

/// The client that recorded the sessions, as it names itself when a step says nothing else.
const RECORDER: &str = "session-recorder";

/// Why a session could not be replayed at all.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// Stand-in, receiver or a connection failed.
    #[error("{session}, step {step}: {source}")]
    Io {
        /// The session's name.
        session: String,
        /// Step number; 0 before the first.
        step: u64,
        /// What the system said.
        source: std::io::Error,
    },
    /// Line 1 describes a server that cannot be built.
    #[error("{session}: {reason}")]
    Header {
        /// The session's name.
        session: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Replays one session.
///
/// # Errors
/// When the stand-in cannot be started as line 1 asks, or a connection to it fails.
pub async fn replay(session: &Session) -> Result<(SessionResult, Vec<Difference>), ReplayError> {
    let header = &session.header;
    let io = |step: u64| {
        move |source| ReplayError::Io {
            session: header.session.clone(),
            step,
            source,
        }
    };
    let receiver = Receiver::start().await.map_err(io(0))?;
    let stand_in = StandIn::start(options(header, receiver.address())?)
        .await
        .map_err(io(0))?;
    let mut run = Run::new(session, stand_in, receiver)?;
    for step in &session.steps {
        run.step(step).await.map_err(io(step.number))?;
    }
    run.stand_in.stop().await;
    Ok((run.result, run.differences))
}

/// The options of a stand-in in the state of a session's first line, its hooks' deliveries redirected to `receiver`.
///
/// # Errors
/// When the line names an unknown queue mode or a receiver that is no URL.
pub fn options(header: &Header, receiver: SocketAddr) -> Result<Options, ReplayError> {
    let wrong = |reason: String| ReplayError::Header {
        session: header.session.clone(),
        reason,
    };
    let queue_mode = match header.config.queue_mode.as_str() {
        "immediate" => QueueMode::Immediate,
        "command" => QueueMode::Command,
        other => return Err(wrong(format!("unknown queue_mode {other:?}"))),
    };
    let recorded = Url::parse(&header.hook_receiver)
        .map_err(|error| wrong(format!("hook_receiver: {error}")))?;
    Ok(Options {
        site_url: Some(header.config.site_url.clone()),
        queue_mode,
        events_orderby_dir: header
            .config
            .events_orderby_dir
            .clone()
            .unwrap_or_else(|| "ASC".to_owned()),
        api_rate_limiter_limit: header.config.api_rate_limiter_limit,
        oauth_client: OauthClient {
            id: header.oauth_client.id.clone(),
            secret: header.oauth_client.secret.clone(),
            name: "sidecar".to_owned(),
        },
        user: User {
            name: header.basic.user.clone(),
            password: header.basic.password.clone(),
        },
        clock: ClockKind::Manual(header.recorded_at),
        published_contact_fields: header.config.published_contact_fields.clone(),
        receivers: vec![(recorded.authority().to_owned(), receiver)],
        setup_sql: header.config.setup_sql.clone(),
        ..Options::default()
    })
}

struct Run<'a> {
    header: &'a Header,
    host: String,
    stand_in: StandIn,
    receiver: Receiver,
    masks: Masks,
    variables: Variables,
    jars: HashMap<String, CookieJar>,
    secrets: Secrets,
    result: SessionResult,
    differences: Vec<Difference>,
}

impl<'a> Run<'a> {
    fn new(
        session: &'a Session,
        stand_in: StandIn,
        receiver: Receiver,
    ) -> Result<Self, ReplayError> {
        let header = &session.header;
        let wrong = |reason: String| ReplayError::Header {
            session: header.session.clone(),
            reason,
        };
        let site = Url::parse(&header.config.site_url)
            .map_err(|error| wrong(format!("site_url: {error}")))?;
        // The clock shows recorded times, so recording and replay have one start.
        let masks = Masks::new(header.recorded_at).map_err(|error| wrong(error.to_string()))?;
        Ok(Self {
            header,
            host: site.authority().to_owned(),
            stand_in,
            receiver,
            masks,
            variables: Variables::default(),
            jars: HashMap::new(),
            secrets: Secrets::default(),
            result: SessionResult {
                session: header.session.clone(),
                ..SessionResult::default()
            },
            differences: Vec::new(),
        })
    }

    async fn step(&mut self, step: &Step) -> std::io::Result<()> {
        self.stand_in.clock().set(step.at);
        self.receiver.script(&step.receiver);
        let (name, mut found) = match &step.action {
            Action::Wait(ms) => {
                self.stand_in
                    .clock()
                    .advance(std::time::Duration::from_millis(*ms));
                ("clock".to_owned(), Vec::new())
            }
            Action::Command { command, exit_code } => {
                (command.clone(), self.command(command, *exit_code).await)
            }
            Action::Send {
                visitor,
                new_visitor,
                request,
                response,
                capture,
            } => {
                if let (true, Some(visitor)) = (*new_visitor, visitor) {
                    self.jars.remove(visitor);
                }
                let jar = visitor.as_deref().filter(|_| !request.no_cookies);
                let name = format!("{} {}", request.method, request.path);
                (name, self.send(jar, request, response, capture).await?)
            }
        };
        let received = self.receiver.take();
        let (more, equal) = deliveries::differences(
            &step.webhooks,
            &received,
            &self.secrets,
            &self.masks,
            &self.masks,
        );
        found.extend(more);
        self.result.steps += 1;
        self.result.steps_equal += usize::from(found.is_empty());
        self.result.deliveries += step.webhooks.len();
        self.result.deliveries_equal += equal;
        self.differences
            .extend(found.into_iter().map(|mismatch| Difference {
                session: self.header.session.clone(),
                step: step.number,
                request: name.clone(),
                place: mismatch.pointer,
                expected: mismatch.expected,
                got: mismatch.got,
            }));
        Ok(())
    }

    async fn command(&self, command: &str, expected: i32) -> Vec<Mismatch> {
        let got = self.stand_in.run_command(command).await;
        let differs = got != expected;
        let mismatch = Mismatch {
            pointer: "/exit_code".to_owned(),
            expected: expected.to_string(),
            got: got.to_string(),
        };
        differs.then_some(mismatch).into_iter().collect()
    }

    async fn send(
        &mut self,
        jar: Option<&str>,
        request: &Request,
        response: &Response,
        capture: &[Capture],
    ) -> std::io::Result<Vec<Mismatch>> {
        let message = self.message(jar, request);
        let answer = wire::send(self.stand_in.address(), &self.host, &message).await?;
        if let Some(visitor) = jar {
            self.jars
                .entry(visitor.to_owned())
                .or_default()
                .store(answer.all("set-cookie"));
        }
        let body = answers::recorded_body(&answer);
        self.secrets.learn(&request.body);
        self.secrets.learn(&body);
        self.variables.capture(capture, &body);
        Ok(answers::differences(response, &answer, &body, &self.masks))
    }

    fn message(&self, jar: Option<&str>, request: &Request) -> WireRequest {
        let mut headers: Vec<(String, String)> = request
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.clone(),
                    self.variables
                        .header(value.as_str().unwrap_or_default(), &self.header.basic),
                )
            })
            .collect();
        let names_client = |(name, _): &(String, String)| name.eq_ignore_ascii_case("user-agent");
        if !headers.iter().any(names_client) {
            headers.push(("User-Agent".to_owned(), RECORDER.to_owned()));
        }
        if let Some(cookies) = jar
            .and_then(|visitor| self.jars.get(visitor))
            .and_then(CookieJar::header)
        {
            headers.push(("Cookie".to_owned(), cookies));
        }
        let body = match &request.body {
            Value::Null => None,
            Value::String(text) => Some(self.variables.fill(text).into_bytes()),
            json => Some(self.variables.fill_value(json).to_string().into_bytes()),
        };
        WireRequest {
            method: request.method.clone(),
            path: self.variables.fill(&request.path),
            headers,
            body,
        }
    }
}
