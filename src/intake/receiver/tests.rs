#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a failing test may panic"
)]

use super::*;
use crate::{
    clock::SystemClock,
    mautic::signature,
    store::{DeliveryId, Owner, RawDelivery, Result, StoreError},
};
use jiff::Timestamp;
use std::sync::Mutex;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mood {
    Fine,
    Full,
    Stuck,
}

#[derive(Debug)]
struct Shelf {
    mood: Mood,
    kept: Mutex<Vec<Vec<u8>>>,
}

#[async_trait::async_trait]
impl Deliveries for Shelf {
    async fn append_delivery(&self, delivery: NewDelivery) -> Result<DeliveryId> {
        match self.mood {
            Mood::Fine => {}
            Mood::Full => return Err(StoreError::Database("disk full".to_owned())),
            Mood::Stuck => std::future::pending().await,
        }
        let mut kept = self.kept.lock().unwrap();
        kept.push(delivery.body);
        Ok(DeliveryId(i64::try_from(kept.len()).unwrap()))
    }
    async fn claim_deliveries(
        &self,
        _: &Owner,
        _: usize,
        _: usize,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<Vec<RawDelivery>> {
        unreachable!("the receiver decodes nothing")
    }
    async fn prune_bodies(&self, _: Timestamp) -> Result<u64> {
        unreachable!("the receiver forgets nothing")
    }
    async fn parked_alone(&self, _: i64, _: usize) -> Result<Vec<crate::store::HeldItem>> {
        Ok(Vec::new())
    }

    async fn retry_parked(&self) -> Result<u64> {
        unreachable!("the receiver retries nothing")
    }
}

struct House {
    shelf: Arc<Shelf>,
    receiver: Arc<Receiver<Shelf>>,
    secrets: Arc<Secrets>,
    arrived: Wake,
    address: std::net::SocketAddr,
    stop: CancellationToken,
    server: JoinHandle<std::io::Result<()>>,
}

const SMALL: Limits = Limits {
    body: 1000,
    in_flight: 4000,
    read: Duration::from_millis(300),
    store: Duration::from_millis(100),
};

async fn house(mood: Mood) -> House {
    let shelf = Arc::new(Shelf {
        mood,
        kept: Mutex::default(),
    });
    let secrets = Arc::new(Secrets::new(vec!["key".into()], false));
    let arrived = Wake::default();
    let (store, clock) = (Arc::clone(&shelf), Arc::new(SystemClock));
    let metrics = crate::metrics::register("test", "test").metrics.intake;
    let receiver = Receiver::new(
        store,
        Arc::clone(&secrets),
        clock,
        arrived.clone(),
        SMALL,
        metrics,
    );
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let limits = ServerLimits {
        connections: 8,
        head: Duration::from_millis(300),
    };
    let server = tokio::spawn(serve(listener, receiver.router(), limits, stop.clone()));
    House {
        shelf,
        receiver,
        secrets,
        arrived,
        address,
        stop,
        server,
    }
}

impl House {
    /// All bytes that come back until the connection is closed.
    async fn send(&self, raw: &[u8]) -> String {
        let mut socket = TcpStream::connect(self.address).await.unwrap();
        socket.write_all(raw).await.unwrap();
        let mut answer = Vec::new();
        // A reset is a closed connection, too.
        let _ = socket.read_to_end(&mut answer).await;
        String::from_utf8(answer).unwrap()
    }

    async fn post(&self, body: &[u8], signature: Option<&str>) -> String {
        self.send(&request(body, body.len(), signature)).await
    }

    fn kept(&self) -> usize {
        self.shelf.kept.lock().unwrap().len()
    }
}

fn request(body: &[u8], length: usize, signature: Option<&str>) -> Vec<u8> {
    let signature = signature.map_or(String::new(), |it| format!("Webhook-Signature: {it}\r\n"));
    let head = format!(
        "POST /webhook HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{signature}Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

fn sign(secret: &str, body: &[u8]) -> String {
    signature::sign(&secret.into(), body)
}

#[track_caller]
fn assert_status(answer: &str, status: &str) {
    assert!(
        answer.starts_with(&format!("HTTP/1.1 {status} ")),
        "{answer:?} is no {status}"
    );
}

#[tokio::test]
async fn a_signed_delivery_is_kept_as_it_came_then_acknowledged() {
    let house = house(Mood::Fine).await;
    let body = br#"{"mautic.page_on_hit":[{"u":"http:\/\/x\/\u00fc"}]}"#;
    let arrived = house.arrived.armed();
    let answer = house.post(body, Some(&sign("key", body))).await;
    assert_status(&answer, "204");
    assert_eq!(*house.shelf.kept.lock().unwrap(), vec![body.to_vec()]);
    arrived.wait(Duration::MAX).await;
    let received = house.receiver.received();
    assert_eq!((received.accepted, received.bytes), (1, body.len() as u64));
    house.stop.cancel();
    house.server.await.unwrap().unwrap();
}

#[tokio::test]
async fn an_unsigned_or_wrongly_signed_one_leaves_nothing_but_a_count() {
    let house = house(Mood::Fine).await;
    let other = sign("other", b"{}");
    for signature in [
        None,
        Some(""),
        Some("%%"),
        Some(&*other),
        Some(&*sign("", b"{}")),
    ] {
        assert_status(&house.post(b"{}", signature).await, "401");
    }
    assert_eq!((house.kept(), house.receiver.received().refused), (0, 5));
    assert_eq!(house.receiver.received().accepted, 0);
}

#[tokio::test]
async fn secrets_are_swapped_while_it_runs() {
    let house = house(Mood::Fine).await;
    house.secrets.replace(vec!["next".into(), "key".into()]);
    assert_status(&house.post(b"1", Some(&sign("key", b"1"))).await, "204");
    house.secrets.replace(vec!["next".into()]);
    assert_status(&house.post(b"2", Some(&sign("key", b"2"))).await, "401");
    assert_status(&house.post(b"3", Some(&sign("next", b"3"))).await, "204");
}

#[tokio::test]
async fn what_can_not_be_stored_gets_not_one_byte_of_an_answer() {
    for mood in [Mood::Full, Mood::Stuck] {
        let house = house(mood).await;
        let answer = house.post(b"{}", Some(&sign("key", b"{}"))).await;
        assert_eq!(answer, "", "{mood:?}");
        assert_eq!(house.receiver.received().not_stored, 1);
        assert_eq!(house.receiver.received().accepted, 0);
    }
}

#[tokio::test]
async fn a_body_that_does_not_end_gets_no_answer_and_one_too_large_413() {
    let house = house(Mood::Fine).await;
    let signature = sign("key", b"{}");
    assert_eq!(house.send(&request(b"{}", 10, Some(&signature))).await, "");
    assert_eq!(house.receiver.received().unfinished, 1);
    let large = vec![b'x'; 1001];
    let signature = sign("key", &large);
    assert_status(&house.post(&large, Some(&signature)).await, "413");
    let chunked = format!(
        "POST /webhook HTTP/1.1\r\nHost: t\r\nConnection: close\r\nWebhook-Signature: {signature}\r\n\
         Transfer-Encoding: chunked\r\n\r\n3e9\r\n{}\r\n0\r\n\r\n",
        String::from_utf8(large).unwrap()
    );
    assert_status(&house.send(chunked.as_bytes()).await, "413");
    assert_eq!((house.kept(), house.receiver.received().too_large), (0, 2));
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_off() {
    let house = house(Mood::Fine).await;
    let answer = house.send(b"POST /webhook HTTP/1.1\r\nHost: t\r\n").await;
    assert!(!answer.contains(" 2"), "{answer}");
    assert_status(&house.post(b"{}", Some(&sign("key", b"{}"))).await, "204");
}

#[tokio::test]
async fn other_addresses_and_methods_never_answer_410() {
    let house = house(Mood::Fine).await;
    for (line, status) in [
        ("GET /webhook", "405"),
        ("POST /", "404"),
        ("GET /nothing", "404"),
    ] {
        let raw = format!("{line} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
        assert_status(&house.send(raw.as_bytes()).await, status);
    }
}
