//! Cookies of the admin interface.

use axum::http::{HeaderMap, HeaderValue, header};

/// The value of a cookie.
pub(super) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(found, value)| (found == name).then_some(value))
}

/// A `Set-Cookie` for this host only, out of reach of scripts and of other sites. `Secure` where
/// a proxy says that the browser speaks HTTPS; on loopback there is none.
pub(super) fn set(
    request: &HeaderMap,
    name: &str,
    value: &str,
    max_age_s: i64,
) -> Option<HeaderValue> {
    let https = request
        .get("x-forwarded-proto")
        .is_some_and(|proto| proto == "https");
    let secure = if https { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age_s}{secure}");
    HeaderValue::from_str(&text).ok()
}
