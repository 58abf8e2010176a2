//! A webhook receiver on a free loopback port that answers as it is told and remembers what came.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::session::ReceiverAnswer;

/// A delivery as it came.
#[derive(Debug, Clone)]
pub struct Received {
    /// Path of the request.
    pub path: String,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The exact body.
    pub body: Vec<u8>,
}

#[derive(Debug, Default)]
struct Inbox {
    script: VecDeque<ReceiverAnswer>,
    received: Vec<Received>,
}

/// The receiver; it stops when dropped.
#[derive(Debug)]
pub struct Receiver {
    address: SocketAddr,
    inbox: Arc<Mutex<Inbox>>,
    task: JoinHandle<()>,
}

impl Receiver {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let inbox = Arc::new(Mutex::new(Inbox::default()));
        let shared = Arc::clone(&inbox);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&shared);
                // A broken connection is the sender's business; the receiver goes on.
                tokio::spawn(async move { drop(serve(stream, &shared).await) });
            }
        });
        Ok(Self {
            address,
            inbox,
            task,
        })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the answers to the next deliveries; the last one repeats.
    pub fn script(&self, answers: &[ReceiverAnswer]) {
        self.lock().script = answers.iter().cloned().collect();
    }

    /// What came since the last call, in order.
    #[must_use]
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.lock().received)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, inbox: &Mutex<Inbox>) -> std::io::Result<()> {
    let received = read_request(&mut stream).await?;
    let answer = {
        let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.received.push(received);
        if inbox.script.len() > 1 {
            inbox.script.pop_front()
        } else {
            inbox.script.front().cloned()
        }
    };
    match answer.unwrap_or(ReceiverAnswer::Status(200, Vec::new())) {
        ReceiverAnswer::Close => Ok(()),
        ReceiverAnswer::Status(status, headers) => {
            let mut head =
                format!("HTTP/1.1 {status} Scripted\r\nContent-Length: 0\r\nConnection: close\r\n");
            for (name, value) in headers {
                head.extend([name.as_str(), ": ", value.as_str(), "\r\n"]);
            }
            head.push_str("\r\n");
            stream.write_all(head.as_bytes()).await
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> std::io::Result<Received> {
    let mut buffer = Vec::new();
    let head_end = loop {
        if let Some(at) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at;
        }
        read_more(stream, &mut buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).into_owned();
    let mut lines = head.split("\r\n");
    let path = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .nth(1)
        .unwrap_or_default()
        .to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse().ok());
    let body_start = head_end + 4;
    let length: usize = length.unwrap_or(0);
    while buffer.len() < body_start + length {
        read_more(stream, &mut buffer).await?;
    }
    Ok(Received {
        path,
        headers,
        body: buffer[body_start..body_start + length].to_vec(),
    })
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(std::io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}
