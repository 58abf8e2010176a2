//! HTTP in and out: one fallback handler turns every request into ours and the answer back.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State as Shared};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::SharedState;
use super::answer::Answer;
use super::request::Request;

/// Uploads of files are the largest bodies Mautic takes here.
const BODY_LIMIT: usize = 64 * 1024 * 1024;

/// Serves until told to stop.
pub(super) async fn serve(
    listener: TcpListener,
    state: SharedState,
    stopped: oneshot::Receiver<()>,
) {
    let service = Router::new()
        .fallback(handle)
        .with_state(state)
        .into_make_service_with_connect_info::<SocketAddr>();
    let done = axum::serve(listener, service).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    if let Err(error) = done.await {
        tracing::error!(%error, "the stand-in stopped serving");
    }
}

async fn handle(
    Shared(state): Shared<SharedState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
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
        peer.ip(),
    );
    // One request at a time; on a blocking thread, because webhooks are sent in the middle of it.
    let mut state = state.lock_owned().await;
    match tokio::task::spawn_blocking(move || crate::api::serve(&mut state, &request)).await {
        Ok(answer) => respond(answer),
        Err(error) => {
            tracing::error!(%error, "a request panicked");
            plain(StatusCode::INTERNAL_SERVER_ERROR)
        }
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
