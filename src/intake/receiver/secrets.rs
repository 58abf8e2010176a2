//! The secrets that deliveries may be signed with.

use crate::mautic::signature;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{PoisonError, RwLock};

/// The secrets that deliveries may be signed with: one, or two while one replaces the other.
#[derive(Debug, Default)]
pub struct Secrets {
    accepted: RwLock<Vec<SecretString>>,
    allow_empty: bool,
}

impl Secrets {
    /// `allow_empty`: also accept an empty secret if one is set. Anybody can sign with it; a hook
    /// made by SQL or an old Mautic may have one (FACTS 12).
    #[must_use]
    pub fn new(secrets: Vec<SecretString>, allow_empty: bool) -> Self {
        let all = Self {
            accepted: RwLock::default(),
            allow_empty,
        };
        all.replace(secrets);
        all
    }

    /// Accepts these from now on, and no others.
    pub fn replace(&self, secrets: Vec<SecretString>) {
        let usable = secrets
            .into_iter()
            .filter(|secret| self.allow_empty || !secret.expose_secret().is_empty());
        let mut accepted = self
            .accepted
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *accepted = usable.collect();
    }

    /// Whether one of them signed `body`; without any secret nothing is accepted.
    #[must_use]
    pub fn signed(&self, body: &[u8], header: &str) -> bool {
        let accepted = self.accepted.read();
        signature::verify(
            &accepted.unwrap_or_else(PoisonError::into_inner),
            body,
            header,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotation_and_empty_secrets() {
        let sign = |secret: &str| signature::sign(&secret.into(), b"body");
        let secrets = Secrets::new(vec!["old".into(), "".into()], false);
        assert!(secrets.signed(b"body", &sign("old")));
        assert!(!secrets.signed(b"body", &sign("")));
        secrets.replace(vec!["new".into(), "old".into()]);
        assert!(secrets.signed(b"body", &sign("old")) && secrets.signed(b"body", &sign("new")));
        secrets.replace(vec!["new".into()]);
        assert!(!secrets.signed(b"body", &sign("old")));
        assert!(!Secrets::default().signed(b"body", &sign("")));
        assert!(Secrets::new(vec!["".into()], true).signed(b"body", &sign("")));
        assert!(!format!("{secrets:?}").contains("new"));
    }
}
