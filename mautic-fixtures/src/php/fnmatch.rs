//! `fnmatch` as PHP calls it: POSIX shell patterns over bytes, no flags (so `*` and `?` match `/` and a leading `.` too).

/// Whether the whole `subject` matches the shell pattern: `*`, `?` (one byte), `[…]` with ranges and classes, `\` escapes.
///
/// An unclosed `[` stands for itself. Case-sensitive.
#[must_use]
pub fn fnmatch(pattern: &str, subject: &str) -> bool {
    matches(pattern.as_bytes(), subject.as_bytes())
}

/// Greedy matching with one point of return: the last `*` seen is enough for patterns of this kind.
fn matches(pattern: &[u8], subject: &[u8]) -> bool {
    let (mut p, mut s) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while s < subject.len() {
        if pattern.get(p) == Some(&b'*') {
            p += 1;
            retry = Some((p, s));
            continue;
        }
        if let Some(used) = one(&pattern[p.min(pattern.len())..], subject[s]) {
            p += used;
            s += 1;
            continue;
        }
        let Some((after_star, from)) = retry else {
            return false;
        };
        p = after_star;
        s = from + 1;
        retry = Some((after_star, s));
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// Matches one byte against the head of the pattern; the length of that head if it matches.
fn one(pattern: &[u8], byte: u8) -> Option<usize> {
    match *pattern.first()? {
        b'?' => Some(1),
        b'\\' => match pattern.get(1) {
            Some(&escaped) => (escaped == byte).then_some(2),
            None => None,
        },
        b'[' => match bracket(pattern, byte) {
            Some((matched, length)) => matched.then_some(length),
            None => (byte == b'[').then_some(1),
        },
        literal => (literal == byte).then_some(1),
    }
}

/// Reads a bracket expression: (does `byte` belong to it, its length), or nothing when it is not closed.
fn bracket(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let mut at = 1;
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    if negated {
        at += 1;
    }
    let first = at;
    let mut found = false;
    loop {
        match *pattern.get(at)? {
            b']' if at > first => return Some((found != negated, at + 1)),
            b'[' if pattern.get(at + 1) == Some(&b':') => {
                let (inside, length) = class(&pattern[at..], byte)?;
                found |= inside;
                at += length;
            }
            _ => {
                let (low, length) = member(&pattern[at..])?;
                at += length;
                let is_range = pattern.get(at) == Some(&b'-')
                    && pattern.get(at + 1).is_some_and(|&next| next != b']');
                if is_range {
                    let (high, length) = member(&pattern[at + 1..])?;
                    at += 1 + length;
                    found |= (low..=high).contains(&byte);
                } else {
                    found |= low == byte;
                }
            }
        }
    }
}

/// One member of a bracket expression, escaped or not: its byte and its length in the pattern.
fn member(pattern: &[u8]) -> Option<(u8, usize)> {
    match *pattern.first()? {
        b'\\' => Some((*pattern.get(1)?, 2)),
        byte => Some((byte, 1)),
    }
}

/// A named class such as `[:digit:]`: (does `byte` belong to it, length).
fn class(pattern: &[u8], byte: u8) -> Option<(bool, usize)> {
    let end = pattern.windows(2).position(|pair| pair == b":]")?;
    let inside = match pattern.get(2..end)? {
        b"alpha" => byte.is_ascii_alphabetic(),
        b"digit" => byte.is_ascii_digit(),
        b"alnum" => byte.is_ascii_alphanumeric(),
        b"upper" => byte.is_ascii_uppercase(),
        b"lower" => byte.is_ascii_lowercase(),
        b"space" => byte.is_ascii_whitespace() || byte == 0x0b,
        b"blank" => byte == b' ' || byte == b'\t',
        b"punct" => byte.is_ascii_punctuation(),
        b"xdigit" => byte.is_ascii_hexdigit(),
        b"cntrl" => byte.is_ascii_control(),
        b"print" => (0x20..0x7f).contains(&byte),
        b"graph" => byte.is_ascii_graphic(),
        _ => return None,
    };
    Some((inside, end + 2))
}

#[cfg(test)]
mod tests {
    use super::fnmatch;

    #[test]
    fn wildcards_match_across_slashes_and_questions() {
        assert!(fnmatch(
            "*shop.example.test/wild*",
            "http://shop.example.test/wild?x=1"
        ));
        assert!(!fnmatch(
            "shop.example.test/wild*",
            "http://shop.example.test/wild"
        ));
        assert!(fnmatch("http://s/search?q=*", "http://s/searchXq=oven"));
        assert!(!fnmatch("http://s/Wild", "http://s/wild"));
        assert!(fnmatch("a*b*c", "a-b-b-c"));
        assert!(!fnmatch("a*b*c", "a-b-b-d"));
    }

    #[test]
    fn brackets_ranges_and_escapes() {
        assert!(fnmatch("p[0-9][!a]", "p7b"));
        assert!(!fnmatch("p[0-9][!a]", "p7a"));
        assert!(fnmatch("[]x]", "]"));
        assert!(fnmatch("a[b", "a[b"));
        assert!(fnmatch(r"a\*b", "a*b"));
        assert!(!fnmatch(r"a\*b", "axb"));
        assert!(fnmatch("[[:digit:]]", "4"));
    }

    #[test]
    fn a_question_mark_is_one_byte() {
        assert!(!fnmatch("?", "ö"));
        assert!(fnmatch("??", "ö"));
        assert!(fnmatch("", ""));
        assert!(!fnmatch("", "x"));
    }
}
