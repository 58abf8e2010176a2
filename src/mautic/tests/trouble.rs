//! Limits, failures, lost answers.

use super::*;
use crate::domain::{ContactId, GroupId};
use retry::{Attempt, Outcome, Policy, Retry};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

fn note() -> Note {
    Note {
        event: Marker::new("topicscore").unwrap(),
        action: Marker::new("intent-1").unwrap(),
    }
}

async fn set(client: &Client) -> Result<i64, Error> {
    let (contact, group) = (ContactId(1), GroupId(2));
    client
        .set_group_score(contact, group, 33, &note(), Priority::Urgent)
        .await
}

#[tokio::test]
async fn reads_are_repeated_and_writes_are_not() {
    let server = Server::api(|seen, number| match (seen.method == Method::GET, number) {
        (true, 1 | 2) => Some(refusal(503, "busy", None, false)),
        (true, _) => ok(&json!({"total": 0, "groupScores": []})),
        _ => Some(refusal(
            500,
            "Looks like I encountered an error (error #500).",
            None,
            false,
        )),
    })
    .await;
    let Setup { client, .. } = setup(&server);
    let scores = client.group_scores(ContactId(1), Priority::Bulk).await;
    assert_eq!(scores.unwrap(), []);
    assert_eq!(server.calls().len(), 3);
    let error = set(&client).await.unwrap_err();
    assert!(error.may_have_been_applied());
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test]
async fn a_read_gives_up_after_its_attempts() {
    let server = Server::api(|_, _| Some(refusal(500, "no", None, false))).await;
    let Setup { client, .. } = setup(&server);
    let error = client.segments(Priority::Bulk).await.unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 500, .. }),
        "{error}"
    );
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn a_rate_limit_closes_the_budget_for_everybody() {
    let reset = NOW.parse::<jiff::Timestamp>().unwrap().as_second() + 1800;
    let server = Server::api(move |_, number| {
        let (status, _, body) = refusal(
            429,
            "You exceeded the rate limit of 20 API calls per hour.",
            None,
            false,
        );
        let headers = vec![
            ("x-ratelimit-remaining", "0".to_owned()),
            ("x-ratelimit-reset", reset.to_string()),
            ("date", "Sat, 21 Nov 2026 20:00:00 GMT".to_owned()),
        ];
        if number == 1 {
            Some((status, headers, body))
        } else {
            ok(&json!({"total": 0, "groupScores": []}))
        }
    })
    .await;
    let Setup { client, clock, .. } = setup(&server);
    let until = "2026-11-21T20:30:00Z".parse().ok();
    let first = client
        .group_scores(ContactId(1), Priority::Bulk)
        .await
        .unwrap_err();
    assert!(
        matches!(&first, Error::RateLimited { until: seen, .. } if *seen == until),
        "{first}"
    );
    let second = set(&client).await.unwrap_err();
    assert_eq!(second.outcome(), Outcome::RateLimited { until });
    assert_eq!(server.calls().len(), 1, "the second call was not sent");
    clock.set(until.unwrap());
    client
        .group_scores(ContactId(1), Priority::Bulk)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_hanging_mautic_is_left_after_the_timeout() {
    let server = Server::api(|_, _| None).await;
    let Setup { client, .. } = setup_with(&server.url, client_credentials(), |settings| {
        settings.timeout = Duration::from_millis(200);
    });
    let error = set(&client).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Transport {
                lost: Lost::TimedOut,
                ..
            }
        ),
        "{error}"
    );
    assert!(error.may_have_been_applied());
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn without_a_connection_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let basic = Credentials::Basic {
        user: "a".to_owned(),
        password: "b".into(),
    };
    let Setup { client, .. } = setup_with(&url.parse().unwrap(), basic, |_| {});
    let error = set(&client).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Transport {
                lost: Lost::NotConnected,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::NotSent);
}

/// Answers each connection with these bytes and closes it.
async fn raw(answer: &'static str) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    url.parse().unwrap()
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_the_outcome_open() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"groupSc",
    ] {
        let basic = Credentials::Basic {
            user: "a".to_owned(),
            password: "b".into(),
        };
        let Setup { client, .. } = setup_with(&raw(answer).await, basic, |_| {});
        let error = set(&client).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::Transport {
                    lost: Lost::Broken,
                    ..
                }
            ),
            "{error}"
        );
        let attempt = Attempt {
            number: 1,
            idempotent: false,
            deadline: None,
        };
        let now = NOW.parse().unwrap();
        let next = retry::decide(&Policy::default(), attempt, &error.outcome(), 0.5, now);
        assert_eq!(next, Retry::Unknown);
    }
}

#[tokio::test]
async fn redirects_are_told_not_followed() {
    let server = Server::api(|seen, _| {
        assert!(!seen.target.contains("elsewhere"));
        Some((
            301,
            vec![("location", "/elsewhere".to_owned())],
            String::new(),
        ))
    })
    .await;
    let error = set(&setup(&server).client).await.unwrap_err();
    assert!(
        matches!(error, Error::Status { status: 301, .. }),
        "{error}"
    );
    assert!(error.hint().contains("base URL"));
}

#[tokio::test]
async fn unexpected_answers_are_shown_by_their_beginning() {
    let server =
        Server::api(|_, _| Some((200, Vec::new(), "<html>Please log in".to_owned()))).await;
    let error = set(&setup(&server).client).await.unwrap_err();
    assert!(
        error.to_string().contains("it begins: <html>Please log in"),
        "{error}"
    );
    assert_eq!(error.outcome(), Outcome::Shape);
}

#[test]
fn base_urls_that_can_not_be() {
    let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
    for url in [
        "ftp://m.example.test",
        "mailto:x@example.test",
        "https://u:pass-word@m.example.test",
    ] {
        let settings = Settings::new(url.parse().unwrap(), client_credentials());
        let parts = Parts {
            clock: clock.clone(),
            budget: Arc::new(LocalBudget::new(Limits::default(), clock.clone())),
            tokens: Arc::<MemoryTokens>::default(),
        };
        let error = Client::new(settings, parts).unwrap_err();
        assert!(matches!(error, Error::Unsendable(_)));
        assert!(!error.to_string().contains("pass-word"));
    }
}
