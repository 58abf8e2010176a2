//! What pages, assets, forms and emails have in common: aliases, publication windows, raw texts.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::form::Form;
use crate::php::cast;
use crate::state::Stamp;
use crate::state::clock::iso;

/// Adds a member.
pub(super) fn put(json: &mut Map<String, Value>, name: &str, value: Value) {
    json.insert(name.to_owned(), value);
}

/// Adds `publishUp` and `publishDown`.
pub(super) fn put_window(
    json: &mut Map<String, Value>,
    up: Option<Timestamp>,
    down: Option<Timestamp>,
) {
    put(json, "publishUp", json!(up.map(iso)));
    put(json, "publishDown", json!(down.map(iso)));
}

/// Only the members up to this one: the short form of `minimal=1`.
pub(super) fn cut_after(json: Value, last: &str) -> Value {
    let Value::Object(members) = json else {
        return json;
    };
    let mut kept = Map::new();
    for (name, value) in members {
        let done = name == last;
        kept.insert(name, value);
        if done {
            break;
        }
    }
    Value::Object(kept)
}

/// Whether a search text occurs, without regard to case.
pub(super) fn contains(text: &str, search: &str) -> bool {
    text.to_lowercase().contains(&search.to_lowercase())
}

/// Binds `isPublished`, `publishUp` and `publishDown`.
pub(super) fn bind(
    form: &mut Form<'_>,
    stamp: &mut Stamp,
    up: &mut Option<Timestamp>,
    down: &mut Option<Timestamp>,
) {
    form.flag("isPublished", &mut stamp.is_published);
    time(form, "publishUp", up);
    time(form, "publishDown", down);
}

/// A time as Mautic's forms take it: `YYYY-MM-DD HH:MM[:SS]`, UTC (FACTS 52).
fn time(form: &mut Form<'_>, name: &str, slot: &mut Option<Timestamp>) {
    let Some(value) = form.given(name) else {
        return;
    };
    let text = cast::text(value);
    if text.is_empty() {
        *slot = None;
        return;
    }
    let parsed = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"]
        .iter()
        .find_map(|format| DateTime::strptime(format, &text).ok());
    match parsed.and_then(|moment| moment.to_zoned(TimeZone::UTC).ok()) {
        Some(moment) => *slot = Some(moment.timestamp()),
        None => form.error(name, "This value is not valid."),
    }
}

/// A text kept as it is sent: markup of pages and emails.
pub(super) fn raw_text(form: &Form<'_>, name: &str, slot: &mut Option<String>) {
    if let Some(value) = form.given(name) {
        let text = cast::text(value);
        *slot = (!text.is_empty()).then_some(text);
    }
}

/// Latin letters, digits and the separator, lower case (`FormModel::cleanAlias`).
pub(super) fn alias(text: &str, separator: char) -> String {
    let mut out = String::new();
    for letter in text.trim().chars().flat_map(char::to_lowercase) {
        match letter {
            ' ' => out.push(separator),
            'ä' | 'à' | 'á' | 'â' | 'ã' | 'å' => out.push('a'),
            'ö' | 'ò' | 'ó' | 'ô' | 'õ' => out.push('o'),
            'ü' | 'ù' | 'ú' | 'û' => out.push('u'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'í' | 'ì' | 'î' | 'ï' => out.push('i'),
            'ß' => out.push_str("ss"),
            letter
                if letter.is_ascii_alphanumeric()
                    || letter == separator
                    || letter == '_' && separator == '-' =>
            {
                out.push(letter);
            }
            _ => {}
        }
    }
    out
}

/// The alias itself, or with the first number that makes it free.
pub(super) fn free_alias(alias: &str, first: u32, taken: impl Fn(&str) -> bool) -> String {
    if !taken(alias) {
        return alias.to_owned();
    }
    (first..=u32::MAX)
        .map(|number| format!("{alias}{number}"))
        .find(|candidate| !taken(candidate))
        .unwrap_or_else(|| alias.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{alias, free_alias};

    #[test]
    fn aliases() {
        assert_eq!(alias("White Paper!", '-'), "white-paper");
        assert_eq!(alias("Form A", '_'), "form_a");
        assert_eq!(alias("Öfen & Co", '-'), "ofen--co");
        assert_eq!(
            free_alias("a", 1, |candidate| candidate == "a" || candidate == "a1"),
            "a2"
        );
    }
}
