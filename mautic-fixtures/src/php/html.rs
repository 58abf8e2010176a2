//! Escaping and filtering of markup.

use std::fmt::Write;

/// `htmlspecialchars` with quotes, for pages.
#[must_use]
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#039;")
}

/// `FILTER_SANITIZE_SPECIAL_CHARS` as Mautic's `InputHelper::clean` uses it (FACTS 33): the five specials and control
/// characters become decimal entities.
#[must_use]
pub fn special_chars(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '"' | '\'' | '<' | '>' | '&') || u32::from(letter) < 32 {
            let _ = write!(out, "&#{};", u32::from(letter));
        } else {
            out.push(letter);
        }
    }
    out
}

/// `strip_tags` for names and titles (`InputHelper::string` on form texts): what stands between `<` and `>` is dropped,
/// but a `<` before a blank stays.
#[must_use]
pub fn strip_tags(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let opens = letter == '<' && letters.peek().is_some_and(|next| !next.is_whitespace());
        if opens {
            for inside in letters.by_ref() {
                if inside == '>' {
                    break;
                }
            }
        } else {
            out.push(letter);
        }
    }
    out
}
