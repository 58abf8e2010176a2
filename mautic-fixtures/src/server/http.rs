//! HTTP in and out: one fallback handler turns every request into ours and the answer back.

use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::SharedState;
use super::answer::Answer;
use super::cut::{CuttableListener, Peer};
use super::request::Request;
use crate::faults::{Fault, Faults, Moment, Rule, admin, spoil};
use crate::state::State;

/// Uploads of files are the largest bodies Mautic takes here.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Serves until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    state: SharedState,
    faults: Faults,
    stopped: oneshot::Receiver<()>,
) {
    let service = Router::new()
        .fallback(handle)
        .with_state((state, faults))
        .into_make_service_with_connect_info::<Peer>();
    let done = axum::serve(CuttableListener(listener), service).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    if let Err(error) = done.await {
        tracing::error!(%error, "the stand-in stopped serving");
    }
}

async fn handle(
    Shared((state, faults)): Shared<(SharedState, Faults)>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: HttpRequest,
) -> Response {
    let (head, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        return plain(StatusCode::BAD_REQUEST);
    };
    let target = head
        .uri
        .path_and_query()
        .map_or("/", |target| target.as_str())
        .to_owned();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let request = Request::new(
        head.method.as_str(),
        &target,
        headers,
        Vec::from(body),
        peer.address.ip(),
    );
    let answer = match faults.decide(&request) {
        Some(rule) => faulty(&rule, state, &faults, request).await,
        None => Some(apply(state, &faults, request).await),
    };
    answer.map_or_else(
        || {
            peer.scissors.cut();
            plain(StatusCode::OK)
        },
        respond,
    )
}

/// One request at a time; on a blocking thread, because webhooks are sent in the middle of it.
async fn apply(state: SharedState, faults: &Faults, request: Request) -> Answer {
    let mut state = state.lock_owned().await;
    let faults = faults.clone();
    let serve = move || serve_one(&mut state, &faults, &request);
    tokio::task::spawn_blocking(serve)
        .await
        .unwrap_or_else(|error| {
            tracing::error!(%error, "a request panicked");
            Answer::html(500, "Internal Server Error")
        })
}

/// Answers one request, to Mautic or to the stand-in itself.
pub(super) fn serve_one(state: &mut State, faults: &Faults, request: &Request) -> Answer {
    admin(state, faults, request).unwrap_or_else(|| crate::api::serve(state, request))
}

/// A request that meets a fault; `None` closes the connection without an answer.
async fn faulty(
    rule: &Rule,
    state: SharedState,
    faults: &Faults,
    request: Request,
) -> Option<Answer> {
    if rule.fault == Fault::Stale {
        return Some(stale(state, faults, request).await);
    }
    let applies = rule.moment == Moment::After || rule.fault.spoils_the_answer();
    if let (Fault::Delay(ms), Moment::Before) = (&rule.fault, rule.moment) {
        tokio::time::sleep(Duration::from_millis(*ms)).await;
    }
    if rule.fault == Fault::DieBetween {
        state.lock().await.dies_between = true;
    }
    let right = if applies {
        Some(apply(state, faults, request).await)
    } else {
        None
    };
    match &rule.fault {
        Fault::Hang(limit) => {
            faults.hang(limit.map(Duration::from_millis)).await;
            None
        }
        Fault::Drop => None,
        Fault::Delay(ms) => {
            if rule.moment == Moment::After {
                tokio::time::sleep(Duration::from_millis(*ms)).await;
            }
            right
        }
        fault => spoil(fault, right),
    }
}

/// A read of the state kept last, with today's tokens; without one it is an ordinary read.
pub(super) async fn stale(state: SharedState, faults: &Faults, request: Request) -> Answer {
    match faults.snapshot().filter(|_| request.method == "GET") {
        Some(mut snapshot) => {
            snapshot.tokens = state.lock().await.tokens.clone();
            crate::api::serve(&mut snapshot, &request)
        }
        None => apply(state, faults, request).await,
    }
}

fn respond(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(Bytes::from(answer.body)));
    *response.status_mut() =
        StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::from_str(value),
        ) {
            response.headers_mut().append(name, value);
        }
    }
    response
}

fn plain(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}
