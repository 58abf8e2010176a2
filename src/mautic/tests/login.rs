//! Tokens: fetched once, kept before use, renewed in time and after a 401.

use super::*;
use async_trait::async_trait;
use jiff::SignedDuration;

fn no_contacts() -> Option<Reply> {
    ok(&json!({"total": "0", "contacts": {}}))
}

async fn ask(client: &Client) -> Result<(), Error> {
    let query = ContactsQuery {
        limit: 1,
        ..ContactsQuery::default()
    };
    client.contacts(&query, Priority::Bulk).await.map(|_| ())
}

#[tokio::test]
async fn many_calls_share_one_login() {
    let server = Server::api(|_, _| no_contacts()).await;
    let Setup { client, tokens, .. } = setup(&server);
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!((server.logins(), server.calls().len()), (1, 20));
    assert!(
        server
            .calls()
            .iter()
            .all(|seen| seen.login == "Bearer token-1")
    );
    let login = server.seen.lock().unwrap()[0].clone();
    assert_eq!(
        login.body,
        format!("grant_type=client_credentials&client_id=1_abc&client_secret={SECRET}")
    );
    let kept = tokens.load().await.unwrap().unwrap();
    assert_eq!(kept.expires_at.to_string(), "2026-11-21T21:00:00Z");
}

#[tokio::test]
async fn a_401_is_answered_with_a_new_token_once() {
    let server = Server::api(|seen, _| {
        if seen.login == "Bearer token-1" {
            Some(unauthorized())
        } else {
            no_contacts()
        }
    })
    .await;
    let Setup { client, tokens, .. } = setup(&server);
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { ask(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(server.logins(), 2, "one login at first, one for all 401s");
    let kept = tokens.load().await.unwrap().unwrap();
    assert!(kept.to_text_for_test().contains("token-2"));
}

#[tokio::test]
async fn a_second_401_is_final() {
    let server = Server::api(|_, _| Some(unauthorized())).await;
    let Setup { client, .. } = setup(&server);
    let error = ask(&client).await.unwrap_err();
    insta::assert_snapshot!(error, @"GET /api/contacts: Mautic refused the credentials: The access token provided is invalid.");
    assert_eq!((server.logins(), server.calls().len()), (2, 2));
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let server = Server::api(|_, _| no_contacts()).await;
    let Setup { client, clock, .. } = setup(&server);
    for (minutes, login) in [
        (0, "token-1"),
        (54, "token-1"),
        (1, "token-2"),
        (54, "token-2"),
    ] {
        clock.advance(SignedDuration::from_mins(minutes));
        ask(&client).await.unwrap();
        assert_eq!(
            server.calls().last().unwrap().login,
            format!("Bearer {login}")
        );
    }
}

#[tokio::test]
async fn while_no_new_token_can_be_had_the_old_one_serves_until_its_end() {
    let server = Server::start(|seen, number| match (seen.is_login(), number) {
        (true, 1) => Some(token("token-1")),
        (true, _) => Some(refusal(503, "maintenance", None, false)),
        (false, _) => no_contacts(),
    })
    .await;
    let Setup { client, clock, .. } = setup(&server);
    ask(&client).await.unwrap();
    clock.advance(SignedDuration::from_mins(57));
    ask(&client).await.unwrap();
    assert_eq!((server.logins(), server.calls().len()), (2, 2));
    clock.advance(SignedDuration::from_mins(4));
    let error = ask(&client).await.unwrap_err();
    assert!(matches!(error, Error::Login(_)), "{error}");
    assert_eq!(error.outcome(), retry::Outcome::NotSent);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_stored_token_is_used_unless_it_is_of_other_credentials() {
    let server = Server::api(|_, _| no_contacts()).await;
    let first = setup(&server);
    ask(&first.client).await.unwrap();
    let kept = first.tokens.load().await.unwrap().unwrap();
    let kept = Token::from_text(&kept.to_text_for_test()).unwrap();
    for (id, logins) in [("1_abc", 1), ("2_other", 2)] {
        let credentials = Credentials::ClientCredentials {
            id: id.to_owned(),
            secret: SECRET.into(),
        };
        let restarted = setup_with(&server.url, credentials, |_| {});
        restarted.tokens.save(&kept).await.unwrap();
        ask(&restarted.client).await.unwrap();
        assert_eq!(server.logins(), logins, "{id}");
    }
}

#[tokio::test]
async fn after_a_401_the_token_another_process_stored_is_tried() {
    let server = Server::api(|seen, _| {
        if seen.login == "Bearer token-2" {
            no_contacts()
        } else {
            Some(unauthorized())
        }
    })
    .await;
    let ours = setup(&server);
    let theirs = setup(&server);
    // They log in first (token-1 is refused, token-2 works), we hold the dead token-1.
    ask(&theirs.client).await.unwrap();
    let good = theirs.tokens.load().await.unwrap().unwrap();
    let dead = Token::from_text(&good.to_text_for_test().replace("token-2", "token-1")).unwrap();
    ours.tokens.save(&dead).await.unwrap();
    assert_eq!(server.logins(), 2);
    let client = ours.client.clone();
    ours.tokens.save(&dead).await.unwrap();
    // The first call reads the dead token; by its 401 the store holds the good one.
    let seen = Arc::clone(&server.seen);
    let before = seen.lock().unwrap().len();
    let hold = ours.tokens.clone();
    let call = tokio::spawn(async move { ask(&client).await });
    while seen.lock().unwrap().len() == before {
        tokio::task::yield_now().await;
    }
    hold.save(&good).await.unwrap();
    call.await.unwrap().unwrap();
    assert_eq!(server.calls().last().unwrap().login, "Bearer token-2");
}

/// A store that can't keep anything.
#[derive(Debug)]
struct FullDisk;

#[async_trait]
impl TokenStore for FullDisk {
    async fn load(&self) -> Result<Option<Token>, String> {
        Ok(None)
    }
    async fn save(&self, _: &Token) -> Result<(), String> {
        Err("disk full".to_owned())
    }
}

#[tokio::test]
async fn a_token_that_is_not_kept_is_not_used() {
    let server = Server::api(|_, _| no_contacts()).await;
    let clock = Arc::new(ManualClock::new(NOW.parse().unwrap()));
    let mut settings = Settings::new(server.url.clone(), client_credentials());
    settings.reads.attempts = 1;
    let parts = Parts {
        clock: clock.clone(),
        budget: Arc::new(LocalBudget::new(Limits::default(), clock)),
        tokens: Arc::new(FullDisk),
    };
    let error = ask(&Client::new(settings, parts).unwrap())
        .await
        .unwrap_err();
    assert_eq!(error, Error::TokenStore("disk full".to_owned()));
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test]
async fn refused_credentials_are_told_and_not_tried_again_at_once() {
    let refused = || {
        refusal(
            400,
            "The client credentials are invalid",
            Some("invalid_client"),
            false,
        )
    };
    let server = Server::start(move |_, _| Some(refused())).await;
    let Setup { client, clock, .. } = setup(&server);
    let error = ask(&client).await.unwrap_err();
    insta::assert_snapshot!(error, @"login failed: POST /oauth/v2/token: Mautic answered 400: The client credentials are invalid");
    assert!(error.hint().contains("Client id or secret is wrong"));
    assert_eq!(ask(&client).await.unwrap_err(), error);
    assert_eq!(server.logins(), 1);
    clock.advance(SignedDuration::from_secs(15));
    ask(&client).await.unwrap_err();
    assert_eq!(server.logins(), 2);
}

#[tokio::test]
async fn basic_login_has_nothing_to_renew() {
    let server = Server::api(|seen, _| {
        let denied = refusal(
            401,
            "Authorization denied, invalid credentials.",
            Some("access_denied"),
            false,
        );
        if seen.login == "Basic YWRtaW46cMOkc3M6MQ==" {
            no_contacts()
        } else {
            Some(denied)
        }
    })
    .await;
    let basic = |password: &str| Credentials::Basic {
        user: "admin".to_owned(),
        password: password.into(),
    };
    let good = setup_with(&server.url, basic("päss:1"), |_| {});
    ask(&good.client).await.unwrap();
    let bad = setup_with(&server.url, basic("x"), |_| {});
    assert!(matches!(ask(&bad.client).await, Err(Error::Auth { .. })));
    assert_eq!((server.logins(), server.calls().len()), (0, 2));
}

impl Token {
    fn to_text_for_test(&self) -> String {
        use secrecy::ExposeSecret;
        self.to_text().expose_secret().to_owned()
    }
}
