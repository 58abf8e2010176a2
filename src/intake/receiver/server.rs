//! An HTTP server that can close a connection without a byte of an answer.

use super::NoAnswer;
use axum::{Router, extract::Request, http::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tower::ServiceExt;

/// How many connections, and how long they may be slow.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Connections at the same time; more wait to be accepted.
    pub connections: usize,
    /// Longest time for the head of a request, also between two requests.
    pub head: Duration,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            connections: 1024,
            head: Duration::from_secs(15),
        }
    }
}

/// Serves until `stop`, then lets the requests under way end.
///
/// # Errors
/// None now: a connection that can't be accepted is logged and the next one tried.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(limits.connections));
    let tasks = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        match accepted {
            Ok((stream, place)) => {
                let served = connection(stream, router.clone(), limits, stop.clone());
                tasks.spawn(async move {
                    served.await;
                    drop(place);
                });
            }
            Err(error) => {
                // Mostly too many open files: it passes when others end.
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    tasks.close();
    tasks.wait().await;
    Ok(())
}

type Place = Option<tokio::sync::OwnedSemaphorePermit>;

async fn accept(listener: &TcpListener, places: &Arc<Semaphore>) -> io::Result<(TcpStream, Place)> {
    let place = Arc::clone(places).acquire_owned().await.ok();
    let (stream, _) = listener.accept().await?;
    Ok((stream, place))
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: ServerLimits,
    stop: CancellationToken,
) {
    let service = service_fn(move |request| answer(router.clone(), request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// The answer was withheld on purpose: hyper closes the connection at once.
#[derive(Debug, thiserror::Error)]
#[error("the request is not answered, so that it may be sent again")]
struct Withheld;

async fn answer(
    router: Router,
    request: Request<Incoming>,
) -> Result<Response<axum::body::Body>, Withheld> {
    let Ok(response) = router.oneshot(request).await;
    if response.extensions().get::<NoAnswer>().is_some() {
        return Err(Withheld);
    }
    Ok(response)
}
