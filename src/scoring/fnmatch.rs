//! URL patterns as Mautic matches them: PHP's `fnmatch` without flags (`PageBundle`
//! `PointActionHelper::validateUrlHit`), on bytes and against the whole text.

/// Whether `text` matches `pattern`: `*` any bytes (also `/` and `?`), `?` exactly one byte,
/// `[abc]`, `[a-z]`, `[!a]`, `[^a]` and `[[:alpha:]]` classes, `\` takes the next byte literally.
/// Case-sensitive. A `[` without its `]` is literal.
#[must_use]
pub fn fnmatch(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when a match fails after a star: only the last star needs trying again.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p] == b'*' {
            retry = Some((p + 1, t));
            p += 1;
            continue;
        }
        if t == text.len() {
            return p == pattern.len();
        }
        if let Some(step) = match_one(&pattern[p..], text[t]) {
            p += step;
            t += 1;
            continue;
        }
        let Some((after_star, from)) = retry else {
            return false;
        };
        retry = Some((after_star, from + 1));
        (p, t) = (after_star, from + 1);
        if from + 1 > text.len() {
            return false;
        }
    }
}

/// Length of the pattern's first element if it matches `byte`.
fn match_one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'\\' if pattern.len() > 1 => (pattern[1] == byte).then_some(2),
        b'[' => match class(pattern, byte) {
            Some((matches, length)) => matches.then_some(length),
            None => (byte == b'[').then_some(1),
        },
        literal => (literal == byte).then_some(1),
    }
}

/// Whether a bracket expression matches and how long it is; `None` if it never closes.
fn class(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let mut i = 1;
    let negated = matches!(pattern.get(i), Some(b'!' | b'^'));
    i += usize::from(negated);
    let mut matched = false;
    let mut first = true;
    loop {
        let c = *pattern.get(i)?;
        if c == b']' && !first {
            return Some((matched != negated, i + 1));
        }
        first = false;
        if c == b'['
            && pattern.get(i + 1) == Some(&b':')
            && let Some((name, length)) = named_class(&pattern[i..])
        {
            matched |= in_named_class(name, byte);
            i += length;
            continue;
        }
        let (low, next) = class_byte(pattern, i)?;
        let is_range = pattern.get(next) == Some(&b'-')
            && pattern.get(next + 1).is_some_and(|&end| end != b']');
        if is_range {
            let (high, after) = class_byte(pattern, next + 1)?;
            matched |= (low..=high).contains(&byte);
            i = after;
        } else {
            matched |= low == byte;
            i = next;
        }
    }
}

fn class_byte(pattern: &[u8], i: usize) -> Option<(u8, usize)> {
    match *pattern.get(i)? {
        b'\\' => Some((*pattern.get(i + 1)?, i + 2)),
        byte => Some((byte, i + 1)),
    }
}

fn named_class(pattern: &[u8]) -> Option<(&[u8], usize)> {
    let end = pattern.windows(2).position(|pair| pair == b":]")?;
    (end >= 2).then(|| (&pattern[2..end], end + 2))
}

fn in_named_class(name: &[u8], byte: u8) -> bool {
    match name {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => matches!(byte, b' ' | b'\t'),
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        b"cntrl" => byte.is_ascii_control(),
        b"graph" => byte.is_ascii_graphic(),
        b"print" => byte.is_ascii_graphic() || byte == b' ',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::fnmatch;

    #[test]
    fn matches_as_php_does() {
        let table: &[(&str, &str, bool)] = &[
            ("http://s/wild", "http://s/wild", true),
            ("http://s/wild", "http://s/wild/", false),
            ("*s/wild*", "http://s/wild?x=1#f", true),
            ("s/wild*", "http://s/wild", false),
            ("http://s/search?q=*", "http://s/search?q=a", true),
            ("http://s/search?q=*", "http://s/searchXq=a", true),
            ("*", "", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("??", "ü", true), // two bytes
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[^a-c]x", "dx", true),
            ("[]]x", "]x", true),
            ("[a", "[a", true),
            ("\\*", "*", true),
            ("\\*", "x", false),
            ("[[:digit:]]*", "4711", true),
            ("[a-]", "-", true),
            ("a*b*c", "aXbXbXc", true),
            ("a*b*c", "aXbXbX", false),
            ("Case", "case", false),
        ];
        for (pattern, text, expected) in table {
            let found = fnmatch(pattern.as_bytes(), text.as_bytes());
            assert_eq!(found, *expected, "{pattern} against {text}");
        }
    }
}
