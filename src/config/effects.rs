//! What triggers may use besides Mautic: `[mail]` and `[[webhook_target]]`.

use super::given::Given;
use super::mautic::read_address;
use super::{MailConfig, MailTls, WebhookTarget};
use crate::diagnostics::{Table, Told, quote};
use base64::{Engine, engine::general_purpose::STANDARD};
use lettre::message::Mailbox;
use secrecy::{ExposeSecret, SecretString};
use std::{cell::RefCell, collections::BTreeSet};

const MAIL: &str = "mail";
const KEYS: [&str; 7] = [
    "host",
    "port",
    "tls",
    "user",
    "password",
    "password_file",
    "from",
];

/// The mail server; `Some(None)` if nothing of it is given, `None` after a mistake.
#[allow(
    clippy::option_option,
    reason = "as in all readers, the outer one tells of mistakes"
)]
pub(super) fn mail(given: &Given<'_, '_>) -> Option<Option<MailConfig>> {
    const HOST: &str = "name the mail server, such as \"smtp.example.com\"";
    const FROM: &str = "write an address such as \"Scores <scores@example.com>\"";
    // All of them are asked for, so that none counts as unknown.
    let asked = KEYS.map(|key| given.get(MAIL, key).is_some());
    if !asked.contains(&true) {
        return Some(None);
    }
    let host = given.get(MAIL, "host");
    if host.is_none() {
        given.missing(MAIL, "host", ": mails need a server");
    }
    let host = host.and_then(|setting| setting.text(HOST));
    let tls = match given.get(MAIL, "tls") {
        Some(setting) => setting.choice(&[
            ("starttls", MailTls::StartTls),
            ("implicit", MailTls::Implicit),
            ("none", MailTls::None),
        ]),
        None => Some(MailTls::StartTls),
    };
    let port = match given.get(MAIL, "port") {
        Some(setting) => setting.integer(1..=65_535),
        None => tls.map(|tls| match tls {
            MailTls::StartTls => 587,
            MailTls::Implicit => 465,
            MailTls::None => 25,
        }),
    };
    let from = given.get(MAIL, "from");
    if from.is_none() {
        given.missing(MAIL, "from", ": mails need a sender");
    }
    let from = from.and_then(|setting| {
        setting.parsed("address for mails", FROM, |text| {
            text.parse::<Mailbox>().ok()
        })
    });
    let login = login(given, tls);
    Some(Some(MailConfig {
        host: host?.to_owned(),
        port: u16::try_from(port?).ok()?,
        tls: tls?,
        login: login.ok()?,
        from: from?,
    }))
}

fn login(
    given: &Given<'_, '_>,
    tls: Option<MailTls>,
) -> Result<Option<(String, SecretString)>, Told> {
    let setting = given.get(MAIL, "user");
    let user = match &setting {
        Some(setting) => Some(setting.text("write it in quotes").ok_or(Told)?),
        None => None,
    };
    match (user, given.secret(MAIL, "password", "password_file")?) {
        (Some(user), Some(password)) => {
            if let (Some(MailTls::None), Some(setting)) = (tls, &setting) {
                let message = "the password goes to the mail server in clear";
                setting.warn(message, "set tls to \"starttls\" or \"implicit\"");
            }
            Ok(Some((user.to_owned(), password)))
        }
        (None, None) => Ok(None),
        (Some(_), None) => {
            given.missing(MAIL, "password", " (or password_file), it goes with user");
            Err(Told)
        }
        (None, Some(_)) => {
            given.missing(MAIL, "user", ", it goes with password");
            Err(Told)
        }
    }
}

/// Receivers of webhooks. A list has no variables: it stands in the file.
pub(super) fn webhook_targets(given: &Given<'_, '_>) -> Option<Vec<WebhookTarget>> {
    let names = RefCell::new(BTreeSet::new());
    let targets = given.each("webhook_target", |table| target(given, table, &names));
    targets.into_iter().collect()
}

fn target<'a, 's>(
    given: &Given<'a, 's>,
    table: &Table<'a, 's>,
    names: &RefCell<BTreeSet<String>>,
) -> Option<WebhookTarget> {
    const NAME: &str = "give it a name that triggers call it by, such as \"crm\"";
    const URL: &str = "write the receiver's address, such as \"https://crm.example.com/hook\"";
    let name = table.need("name", NAME).and_then(|value| {
        let name = value.text(NAME)?;
        if names.borrow_mut().insert(name.to_owned()) {
            return Some(name);
        }
        let message = format!("there are two webhooks called {}", quote(name));
        value.error(message, "give each a name of its own");
        None
    });
    let url = table.need("url", URL);
    let url = url.and_then(|value| read_address(&given.setting("url", value)));
    let secret = secret(given, table);
    Some(WebhookTarget {
        name: name?.to_owned(),
        url: url?,
        secret: secret?,
    })
}

/// A secret as the Standard Webhooks specification wants it.
fn secret<'a, 's>(given: &Given<'a, 's>, table: &Table<'a, 's>) -> Option<SecretString> {
    const HINT: &str =
        "make one: echo whsec_$(openssl rand -base64 32), and give it to the receiver";
    let (own, file) = (table.get("secret"), table.get("secret_file"));
    let (place, secret) = match (own, file) {
        (None, None) => {
            table.need("secret", HINT);
            return None;
        }
        (Some(_), Some(file)) => {
            let message = "`secret` and `secret_file` are both given";
            file.error(message, "keep one of the two");
            return None;
        }
        (Some(own), None) => {
            let setting = given.setting("secret", own);
            let secret = setting.secret();
            (setting, secret)
        }
        (None, Some(file)) => {
            let setting = given.setting("secret_file", file);
            let secret = setting.secret_file();
            (setting, secret)
        }
    };
    let secret = secret.ok()??;
    let encoded = secret.expose_secret().trim().strip_prefix("whsec_");
    let key = encoded.and_then(|encoded| STANDARD.decode(encoded).ok());
    if key.is_some_and(|key| (24..=64).contains(&key.len())) {
        return Some(secret);
    }
    place.error(
        "the secret is not `whsec_` and 24 to 64 bytes in base64",
        HINT,
    );
    None
}
