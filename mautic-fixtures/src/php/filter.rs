//! The input filters Mautic runs over request values (`CoreBundle/Helper/InputHelper.php` and PHP's `filter_var`).

/// `FILTER_SANITIZE_URL`: only the ASCII characters that may stand in a URL are kept.
#[must_use]
pub fn sanitize_url(text: &str) -> String {
    const MARKS: &str = "$-_.+!*'(),{}|\\^~[]`<>#%\";/?:@&=";
    text.chars()
        .filter(|c| c.is_ascii_alphanumeric() || MARKS.contains(*c))
        .collect()
}

/// `FILTER_SANITIZE_EMAIL`: only the ASCII characters that may stand in an address are kept; at most 254 bytes, trimmed.
#[must_use]
pub fn sanitize_email(text: &str) -> String {
    const MARKS: &str = "!#$%&'*+-=?^_`{|}~@.[]";
    let mut end = text.len().min(254);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let kept: String = text[..end]
        .chars()
        .filter(|c| c.is_ascii_alphanumeric() || MARKS.contains(*c))
        .collect();
    kept.trim().to_owned()
}

/// PHP's `html_entity_decode` for the entities that occur: numeric ones and the five named ones.
#[must_use]
pub fn html_entity_decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let decoded = rest
            .find(';')
            .and_then(|end| entity(&rest[1..end]).map(|letter| (letter, end)));
        if let Some((letter, end)) = decoded {
            out.push(letter);
            rest = &rest[end + 1..];
        } else {
            out.push('&');
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        "nbsp" => Some('\u{a0}'),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{html_entity_decode, sanitize_email, sanitize_url};

    #[test]
    fn entities_and_addresses() {
        assert_eq!(sanitize_url("http://s/ä b"), "http://s/b");
        assert_eq!(
            html_entity_decode("a&#38;b&amp;c&#x41;&nope;"),
            "a&b&cA&nope;"
        );
        assert_eq!(sanitize_email(" a b@x.test\n"), "ab@x.test");
    }
}
