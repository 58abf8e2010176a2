//! A mail server and a receiver of webhooks, in this process.

use crate::writeback::effects::sign;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Mutex},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// What the server does with the next mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Takes it.
    It,
    /// Refuses the recipient so.
    NoRecipient(u16),
    /// Refuses the login.
    NoLogin,
    /// Refuses the message so, when it has it.
    NotIt(u16),
    /// Closes the connection when it has it.
    ItAndDies,
    /// Closes the connection before the message.
    Dies,
}

/// A mail server without encryption.
#[derive(Debug, Clone)]
pub(super) struct MailServer {
    pub(super) address: SocketAddr,
    /// Messages it got, taken or not, as they came.
    pub(super) got: Arc<Mutex<Vec<String>>>,
    takes: Arc<Mutex<VecDeque<Takes>>>,
}

impl MailServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            got: Arc::default(),
            takes: Arc::default(),
        };
        let serving = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = serving.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        server
    }

    /// For the next mails; after them it takes all.
    pub(super) fn will(&self, takes: &[Takes]) {
        self.takes.lock().unwrap().extend(takes);
    }

    pub(super) fn mails(&self) -> Vec<String> {
        self.got.lock().unwrap().clone()
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let takes = self.takes.lock().unwrap().pop_front();
        let takes = takes.unwrap_or(Takes::It);
        let (reader, mut writer) = stream.into_split();
        let mut lines = BufReader::new(reader).lines();
        writer.write_all(b"220 mail.test\r\n").await.ok()?;
        while let Some(line) = lines.next_line().await.ok()? {
            let answer = match line.split([' ', ':']).next()? {
                "EHLO" => "250-mail.test\r\n250 AUTH PLAIN".to_owned(),
                "AUTH" if takes == Takes::NoLogin => "535 wrong password".to_owned(),
                "AUTH" => "235 welcome".to_owned(),
                "RCPT" => match takes {
                    Takes::NoRecipient(code) => format!("{code} not here"),
                    _ => "250 ok".to_owned(),
                },
                "DATA" if takes == Takes::Dies => return None,
                "DATA" => {
                    writer.write_all(b"354 go on\r\n").await.ok()?;
                    let mut message = Vec::new();
                    while let Some(line) = lines.next_line().await.ok()? {
                        if line == "." {
                            break;
                        }
                        message.push(line);
                    }
                    self.got.lock().unwrap().push(message.join("\n"));
                    match takes {
                        Takes::ItAndDies => return None,
                        Takes::NotIt(code) => format!("{code} no"),
                        _ => "250 taken as 1".to_owned(),
                    }
                }
                "QUIT" => "221 bye".to_owned(),
                _ => "250 ok".to_owned(),
            };
            // At once: a second packet would wait for the first to be acknowledged.
            let answer = format!("{answer}\r\n");
            writer.write_all(answer.as_bytes()).await.ok()?;
        }
        Some(())
    }
}

/// A call that was signed as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Called {
    pub(super) id: String,
    pub(super) body: String,
}

/// Status and `Retry-After`.
type Answer = (u16, Option<u64>);

/// A receiver of webhooks that checks signatures.
#[derive(Debug, Clone)]
pub(super) struct HookServer {
    pub(super) address: SocketAddr,
    pub(super) secret: String,
    called: Arc<Mutex<Vec<Called>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
}

impl HookServer {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            secret: format!("whsec_{}", STANDARD.encode([7; 32])),
            called: Arc::default(),
            answers: Arc::default(),
        };
        let router = Router::new().fallback(receive).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    /// Status and `Retry-After` of the next answers; after them 204.
    pub(super) fn will(&self, answers: &[Answer]) {
        self.answers.lock().unwrap().extend(answers);
    }

    pub(super) fn calls(&self) -> Vec<Called> {
        self.called.lock().unwrap().clone()
    }
}

async fn receive(
    State(server): State<HookServer>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, &'static str) {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let (id, body) = (
        header("webhook-id"),
        String::from_utf8(body.into()).unwrap(),
    );
    let timestamp: i64 = header("webhook-timestamp").parse().unwrap();
    // As a receiver would do it: from the secret and what came.
    let key = STANDARD
        .decode(server.secret.strip_prefix("whsec_").unwrap())
        .unwrap();
    let expected = sign::signature(&key, &id, timestamp, &body);
    if header("webhook-signature") != expected {
        return (StatusCode::UNAUTHORIZED, HeaderMap::new(), "not signed");
    }
    assert_eq!(header("content-type"), "application/json");
    server.called.lock().unwrap().push(Called { id, body });
    let next = server.answers.lock().unwrap().pop_front();
    let (status, wait) = next.unwrap_or((204, None));
    let mut answer = HeaderMap::new();
    if let Some(seconds) = wait {
        answer.insert("retry-after", seconds.into());
    }
    (StatusCode::from_u16(status).unwrap(), answer, "")
}
