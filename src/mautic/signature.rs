//! Signatures of Mautic's webhooks: `Webhook-Signature` = base64(HMAC-SHA256(secret, raw body)),
//! over the bytes as they came (FACTS 3, 4). PURE.

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// Whether one of `secrets` signed `raw_body`; `header` is the value of `Webhook-Signature`.
///
/// Several secrets are accepted while one replaces another. Each is compared in constant time.
/// A header that is no base64, or of another length, is a wrong signature, not an error.
#[must_use]
pub fn verify(secrets: &[SecretString], raw_body: &[u8], header: &str) -> bool {
    let Ok(claimed) = BASE64_STANDARD.decode(header.trim()) else {
        return false;
    };
    // No short cut: how long it takes must not tell which secret matched.
    secrets.iter().fold(false, |found, secret| {
        found | keyed(secret, raw_body).is_some_and(|mac| mac.verify_slice(&claimed).is_ok())
    })
}

/// The signature Mautic would send for `raw_body`.
#[must_use]
pub fn sign(secret: &SecretString, raw_body: &[u8]) -> String {
    keyed(secret, raw_body)
        .map(|mac| BASE64_STANDARD.encode(mac.finalize().into_bytes()))
        .unwrap_or_default()
}

/// HMAC takes keys of any length; `None` never happens.
fn keyed(secret: &SecretString, raw_body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).ok()?;
    mac.update(raw_body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    const BODY: &[u8] =
        br#"{"mautic.page_on_hit":[{"hit":{"url":"http:\/\/shop.example.test\/\u00fc"}}]}"#;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn known_vector() {
        // RFC 4231, test case 2.
        assert_eq!(
            sign(&secret("Jefe"), b"what do ya want for nothing?"),
            "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="
        );
    }

    #[test]
    fn recorded_delivery() {
        let body = include_bytes!("testdata/delivery.json");
        let header = "v8lkG5LWBxv4D1WNFziDx4k7FAS5D3gL6XPUeONTs94=";
        assert!(verify(&[secret("hook-secret-2026")], body, header));
        assert!(!verify(&[secret("hook-secret-2026")], &body[1..], header));
    }

    #[test]
    fn only_the_right_secret_and_the_exact_bytes_pass() {
        let good = sign(&secret("hook-secret-2026"), BODY);
        let (old, new) = (secret("old"), secret("hook-secret-2026"));
        let only = std::slice::from_ref(&new);
        assert!(verify(only, BODY, &good));
        assert!(verify(only, BODY, &format!(" {good} ")));
        assert!(verify(&[old.clone(), new.clone()], BODY, &good));
        assert!(verify(&[new.clone(), old.clone()], BODY, &good));
        assert!(!verify(&[old], BODY, &good));
        assert!(!verify(&[], BODY, &good));
        assert!(!verify(only, &BODY[..BODY.len() - 1], &good));
        let reencoded = serde_json::from_slice::<serde_json::Value>(BODY).unwrap();
        assert!(!verify(&[new], reencoded.to_string().as_bytes(), &good));
    }

    #[test]
    fn malformed_headers_are_wrong_signatures() {
        let good = sign(&secret("s"), BODY);
        let hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        for header in [
            "",
            "=",
            "%%%",
            "AAAA",
            hex,
            &good[1..],
            &good[..good.len() - 1],
            "ä",
        ] {
            assert!(!verify(&[secret("s")], BODY, header), "{header}");
        }
    }

    #[test]
    fn an_empty_secret_still_signs() {
        // FACTS 12: possible through SQL; Mautic then signs with the empty key.
        assert!(verify(&[secret("")], BODY, &sign(&secret(""), BODY)));
    }
}
