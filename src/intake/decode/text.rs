//! Undoes what PHP's `FILTER_SANITIZE_SPECIAL_CHARS` does to texts on their way into Mautic.

/// Turns `&#60;` back into `<`.
///
/// Mautic escapes `"'<>&` and control characters as decimal entities, once, in titles, form
/// results and names given by API (FACTS 33, 75); the webhook and the table hold the same escaped
/// text. Named entities are the visitor's own text and stay. NUL is dropped: stores refuse it.
pub(super) fn plain(escaped: &str) -> String {
    let mut plain = String::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(start) = rest.find("&#") {
        plain.push_str(&rest[..start]);
        rest = &rest[start..];
        if let Some((character, length)) = entity(rest) {
            plain.push(character);
            rest = &rest[length..];
        } else {
            plain.push_str("&#");
            rest = &rest[2..];
        }
    }
    plain.push_str(rest);
    plain.retain(|character| character != '\0');
    plain
}

/// The character of the entity that `text` begins with, and the entity's length.
fn entity(text: &str) -> Option<(char, usize)> {
    let digits = text.get(2..)?.bytes().take(8);
    let count = digits.take_while(u8::is_ascii_digit).count();
    let code: u32 = text.get(2..2 + count)?.parse().ok()?;
    (text.as_bytes().get(2 + count) == Some(&b';'))
        .then(|| char::from_u32(code))
        .flatten()
        .map(|character| (character, count + 3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entities() {
        for (escaped, expected) in [
            (
                "Ovens &#60;&#38;&#62; &#34;Öfen&#34; 😀",
                "Ovens <&> \"Öfen\" 😀",
            ),
            ("it&#39;s &#38;#60;", "it's &#60;"),
            (
                "&amp; &#x41; &# &#; &#9999999999; &#60",
                "&amp; &#x41; &# &#; &#9999999999; &#60",
            ),
            ("&#ö;&#55296;", "&#ö;&#55296;"),
            ("a\0b&#0;", "ab"),
            ("", ""),
        ] {
            assert_eq!(plain(escaped), expected, "{escaped}");
        }
    }

    proptest! {
        #[test]
        fn undoes_php(text in "[^\0]*") {
            let escaped: String = text
                .chars()
                .map(|c| if "\"'<>&".contains(c) || c < ' ' { format!("&#{};", u32::from(c)) } else { c.into() })
                .collect();
            prop_assert_eq!(plain(&escaped), text);
        }
    }
}
