//! What answers of mail servers and receivers of webhooks mean.

use super::give::now;
use super::servers::{HookServer, MailServer, Takes};
use crate::clock::{Clock, ManualClock};
use crate::writeback::effects::{
    HookTarget, Hooks, HttpHooks, Mailer, OutgoingMail, SmtpMailer, SmtpSettings, SmtpTls, Trouble,
    WebhookCall,
};
use jiff::SignedDuration;
use secrecy::SecretString;
use std::{net::SocketAddr, sync::Arc};
use tokio::net::TcpListener;

fn clock() -> Arc<dyn Clock> {
    Arc::new(ManualClock::new(now()))
}

fn mailer(address: SocketAddr, tls: SmtpTls) -> SmtpMailer {
    let settings = SmtpSettings {
        host: address.ip().to_string(),
        port: address.port(),
        tls,
        login: Some(("scores".to_owned(), SecretString::from("pass-Zq8"))),
        from: "Scores <scores@example.test>".parse().unwrap(),
    };
    SmtpMailer {
        settings,
        clock: clock(),
    }
}

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: "msg_1".to_owned(),
        to: "Sales <sales@example.test>".to_owned(),
        subject: "Grüße".to_owned(),
        text: "one\n.\ntwo".to_owned(),
    }
}

fn kind(result: &Result<String, Trouble>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(Trouble::Later { .. }) => "later",
        Err(Trouble::Unsure { .. }) => "unsure",
        Err(Trouble::Refused { .. }) => "refused",
        Err(Trouble::NoContact { .. }) => "no contact",
    }
}

/// An address where nobody listens.
async fn nowhere() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap()
}

#[tokio::test]
async fn answers_of_mail_servers() {
    let server = MailServer::start().await;
    let mailer = mailer(server.address, SmtpTls::None);
    for (takes, expected, messages) in [
        (Takes::It, "done", 1),
        (Takes::NoRecipient(450), "later", 0),
        (Takes::NoRecipient(550), "refused", 0),
        (Takes::NoLogin, "later", 0),
        (Takes::Dies, "later", 0),
        (Takes::NotIt(451), "later", 1),
        (Takes::NotIt(554), "refused", 1),
        (Takes::ItAndDies, "unsure", 1),
    ] {
        server.will(&[takes]);
        let before = server.mails().len();
        let result = mailer.send(&mail()).await;
        assert_eq!(kind(&result), expected, "{takes:?} {result:?}");
        assert_eq!(server.mails().len() - before, messages, "{takes:?}");
        assert!(!format!("{result:?}{mailer:?}").contains("pass-Zq8"));
    }
    insta::assert_snapshot!(server.mails()[0], @r"
    From: Scores <scores@example.test>
    To: Sales <sales@example.test>
    Subject: =?utf-8?b?R3LDvMOfZQ==?=
    Message-ID: <msg_1@example.test>
    Date: Sat, 21 Nov 2026 20:00:00 +0000
    Content-Type: text/plain; charset=utf-8
    Content-Transfer-Encoding: 7bit

    one
    ..
    two
    ");
}

#[tokio::test]
async fn mail_servers_that_can_not_be_used() {
    let refused = mailer(nowhere().await, SmtpTls::None).send(&mail()).await;
    assert_eq!(kind(&refused), "later", "{refused:?}");
    // It offers no STARTTLS: never in clear.
    let server = MailServer::start().await;
    for tls in [SmtpTls::StartTls, SmtpTls::Implicit] {
        let result = mailer(server.address, tls).send(&mail()).await;
        assert_eq!(kind(&result), "later", "{tls:?} {result:?}");
    }
    let bad = OutgoingMail {
        to: "nobody\r\nRCPT TO:<x@example.test>".to_owned(),
        ..mail()
    };
    let result = mailer(server.address, SmtpTls::None).send(&bad).await;
    assert_eq!(kind(&result), "refused", "{result:?}");
    assert_eq!(server.mails(), [""; 0]);
}

fn target(name: &str, address: SocketAddr, secret: &str) -> HookTarget {
    HookTarget {
        name: name.to_owned(),
        url: format!("http://{address}/hook?token=Zq8").parse().unwrap(),
        secret: SecretString::from(secret),
    }
}

#[tokio::test]
async fn answers_of_webhook_receivers() {
    let server = HookServer::start().await;
    let stranger = server.secret.replace("whsec_Bw", "whsec_Cw");
    let targets = [
        target("crm", server.address, &server.secret),
        target("nobody", nowhere().await, &server.secret),
        target("stranger", server.address, &stranger),
    ];
    let hooks = HttpHooks::new(targets, clock()).unwrap();
    let call = |target: &str| WebhookCall {
        target: target.to_owned(),
        id: "msg_1".to_owned(),
        body: "{\"a\":\"ü\"}".to_owned(),
    };
    for (status, expected) in [
        (200, "done"),
        (204, "done"),
        (301, "later"),
        (400, "later"),
        (404, "later"),
        (410, "refused"),
        (429, "later"),
        (500, "later"),
    ] {
        server.will(&[(status, None)]);
        let result = hooks.call(&call("crm")).await;
        assert_eq!(kind(&result), expected, "{status} {result:?}");
    }
    assert_eq!(server.calls().len(), 8);
    assert_eq!(server.calls()[7].body, "{\"a\":\"ü\"}");
    server.will(&[(503, Some(90))]);
    let Err(Trouble::Later { until, .. }) = hooks.call(&call("crm")).await else {
        panic!("503 is a trouble")
    };
    assert_eq!(until, Some(now() + SignedDuration::from_secs(90)));
    for (name, expected) in [
        ("nobody", "later"),
        ("stranger", "later"),
        ("unknown", "refused"),
    ] {
        let result = hooks.call(&call(name)).await;
        assert_eq!(kind(&result), expected, "{name} {result:?}");
        assert!(
            !format!("{result:?}{hooks:?}").contains("Zq8"),
            "{result:?}"
        );
    }
    assert_eq!(
        server.calls().len(),
        9,
        "what is not signed by us is not taken"
    );
}

#[test]
fn a_secret_that_is_none_is_named() {
    let address = ([127, 0, 0, 1], 1).into();
    let error = HttpHooks::new([target("crm", address, "hunter2")], clock()).unwrap_err();
    assert!(
        error.contains("`crm`") && !error.contains("hunter2"),
        "{error}"
    );
}
