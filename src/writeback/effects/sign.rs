//! Signatures of webhooks, as the Standard Webhooks specification says
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//! PURE.

use crate::domain::Effect;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Begins every secret.
pub const SECRET_PREFIX: &str = "whsec_";
/// Shortest and longest key in bytes.
pub const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;

/// The key in a secret: what stands after `whsec_`, decoded; `None` if it is no such secret.
#[must_use]
pub fn key(secret: &str) -> Option<Vec<u8>> {
    let encoded = secret.trim().strip_prefix(SECRET_PREFIX)?;
    let key = STANDARD.decode(encoded).ok()?;
    KEY_LENGTHS.contains(&key.len()).then_some(key)
}

/// The header `webhook-signature`. `timestamp` is that of the attempt, in seconds since 1970.
#[must_use]
pub fn signature(key: &[u8], id: &str, timestamp: i64, body: &str) -> String {
    let signed = format!("{id}.{timestamp}.{body}");
    // HMAC takes keys of any length; the empty text never happens.
    let code = Hmac::<Sha256>::new_from_slice(key).map(|mac| mac.chain_update(signed).finalize());
    code.map_or_else(
        |_| String::new(),
        |code| format!("v1,{}", STANDARD.encode(code.into_bytes())),
    )
}

/// The header `webhook-id`, and the name in a mail's `Message-ID`: the same at every attempt at an
/// effect, also after a merge, and another for every other effect of any instance and store.
#[must_use]
pub fn message_id(instance: &str, effect: &Effect) -> String {
    let fired = effect.fired_at.as_microsecond();
    let digest = Sha256::digest(format!("{instance}/{}/{fired}", effect.id));
    format!("msg_{}", URL_SAFE_NO_PAD.encode(&digest[..15]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests may fail loudly")]
mod tests {
    use super::super::tests::give::{actions, effect};
    use super::*;
    use crate::domain::{ContactId, EffectId};

    /// The specification's own example.
    #[test]
    fn the_specifications_example() {
        let key = key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = signature(
            &key,
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        for (secret, length) in [
            (of(24), Some(24)),
            (of(64), Some(64)),
            (of(23), None),
            (of(65), None),
            (of(32).replace("whsec_", ""), None),
            ("whsec_no base64!".to_owned(), None),
        ] {
            assert_eq!(key(&secret).map(|key| key.len()), length, "{secret}");
        }
    }

    #[test]
    fn ids_are_constant_per_effect() {
        let one = effect(actions().remove(0));
        let mut same = one.clone();
        (same.contact, same.attempts) = (ContactId(99), 5);
        assert_eq!(message_id("m", &one), message_id("m", &same));
        let mut other = one.clone();
        other.id = EffectId(one.id.0 + 1);
        assert_ne!(message_id("m", &one), message_id("m", &other));
        assert_ne!(message_id("m", &one), message_id("n", &one));
    }
}
