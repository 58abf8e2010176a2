//! Mails by SMTP.
//!
//! Command by command, because only so it is known whether a failure came before the message was
//! handed over: then it was surely not sent.

use super::decide::Trouble;
use super::ports::{Mailer, OutgoingMail};
use crate::clock::Clock;
use lettre::message::{Mailbox, Message, header::ContentType};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};
use lettre::transport::smtp::{Error, response::Response};
use secrecy::{ExposeSecret, SecretString};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// Longest time until the server is ready to take the message.
const PREPARE: Duration = Duration::from_mins(1);
/// Longest time until it said that it has taken it (RFC 5321 4.5.3.2.6 allows it ten minutes; by
/// then a lease would have run out).
const HAND_OVER: Duration = Duration::from_mins(2);

/// How the connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Begun in clear, then STARTTLS; never without.
    StartTls,
    /// From the first byte.
    Implicit,
    /// Not at all.
    None,
}

/// How to reach the mail server.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub tls: SmtpTls,
    /// User and password, if it wants them.
    pub login: Option<(String, SecretString)>,
    /// Sender.
    pub from: Mailbox,
}

/// Sends mails through one server, each on a connection of its own: they are few.
#[derive(Debug, Clone)]
pub struct SmtpMailer {
    /// The server.
    pub settings: SmtpSettings,
    /// Dates the mails.
    pub clock: Arc<dyn Clock>,
}

#[async_trait::async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<String, Trouble> {
        let message = self.message(mail)?;
        let mut server = timeout(PREPARE, self.prepare(&message))
            .await
            .map_err(|_| Trouble::later(self.words("no answer in time")))??;
        // From here on the server may have it.
        let bytes = message.formatted();
        let taken = match timeout(HAND_OVER, server.message(&bytes)).await {
            Ok(taken) => taken.map_err(|error| self.not_taken(&error))?,
            Err(_) => {
                return Err(Trouble::Unsure {
                    what: self.words("no answer after the message was handed over"),
                });
            }
        };
        let _ = timeout(Duration::from_secs(5), server.quit()).await;
        Ok(said(&taken))
    }
}

impl SmtpMailer {
    fn message(&self, mail: &OutgoingMail) -> Result<Message, Trouble> {
        let refused = |what: String| Trouble::Refused { what };
        let to: Mailbox = mail
            .to
            .parse()
            .map_err(|error| refused(format!("`{}` is no address for a mail: {error}", mail.to)))?;
        let id = format!("<{}@{}>", mail.id, self.settings.from.email.domain());
        Message::builder()
            .from(self.settings.from.clone())
            .to(to)
            .subject(&mail.subject)
            .message_id(Some(id))
            .date(self.clock.now().into())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text.clone())
            .map_err(|error| refused(format!("the mail can't be written: {error}")))
    }

    /// Everything up to the server's leave to send the message.
    async fn prepare(&self, message: &Message) -> Result<AsyncSmtpConnection, Trouble> {
        let mut server = self.connect().await.map_err(|error| self.later(&error))?;
        if let Some((user, password)) = &self.settings.login {
            let login = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            // Somebody can mend the password; until then all mails wait.
            let logged_in = server.auth(&mechanisms, &login).await;
            logged_in.map_err(|error| self.later(&error))?;
        }
        let envelope = message.envelope();
        let addresses = envelope.from().into_iter().chain(envelope.to());
        let ascii = addresses.map(ToString::to_string).all(|one| one.is_ascii());
        let options = if ascii {
            Vec::new()
        } else {
            vec![MailParameter::SmtpUtfEight]
        };
        let mut ready = server
            .command(Mail::new(envelope.from().cloned(), options))
            .await;
        for to in envelope.to() {
            if ready.is_ok() {
                ready = server.command(Rcpt::new(to.clone(), Vec::new())).await;
            }
        }
        if ready.is_ok() {
            ready = server.command(Data).await;
        }
        ready.map(|_| server).map_err(|error| self.denied(&error))
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Error> {
        let settings = &self.settings;
        let (address, us) = ((settings.host.as_str(), settings.port), ClientId::default());
        let tls = match settings.tls {
            SmtpTls::None => None,
            SmtpTls::StartTls | SmtpTls::Implicit => {
                Some(TlsParameters::new(settings.host.clone())?)
            }
        };
        let implicit = tls.clone().filter(|_| settings.tls == SmtpTls::Implicit);
        let mut server =
            AsyncSmtpConnection::connect_tokio1(address, Some(PREPARE), &us, implicit, None)
                .await?;
        if let Some(tls) = tls.filter(|_| settings.tls == SmtpTls::StartTls) {
            server.starttls(tls, &us).await?;
        }
        Ok(server)
    }

    fn words(&self, what: &str) -> String {
        format!(
            "mail server {}:{}: {what}",
            self.settings.host, self.settings.port
        )
    }

    fn later(&self, error: &Error) -> Trouble {
        Trouble::later(self.words(&error.to_string()))
    }

    /// Sender, recipient or message are not wanted; nothing was handed over.
    fn denied(&self, error: &Error) -> Trouble {
        if error.is_permanent() {
            Trouble::Refused {
                what: self.words(&error.to_string()),
            }
        } else {
            self.later(error)
        }
    }

    /// The message was handed over, and the server did not say that it took it.
    fn not_taken(&self, error: &Error) -> Trouble {
        if error.status().is_some() {
            return self.denied(error);
        }
        Trouble::Unsure {
            what: self.words(&format!("{error}, after the message was handed over")),
        }
    }
}

fn said(response: &Response) -> String {
    let text: Vec<_> = response.message().collect();
    format!("{} {}", response.code(), text.join(" "))
}
