//! URL patterns as Mautic matches them: PHP's `fnmatch` without flags (`PageBundle`
//! `PointActionHelper::validateUrlHit`), on bytes and against the whole text.

/// What a pattern's `?` and classes count in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// Bytes, as PHP does: `ü` is two of them.
    Bytes,
    /// Characters, as people think.
    Characters,
}

/// Whether `text` matches `pattern`: `*` any text (also `/` and `?`), `?` exactly one letter,
/// `[abc]`, `[a-z]`, `[!a]`, `[^a]` and `[[:alpha:]]` classes, `\` takes the next letter literally.
/// Case-sensitive. A `[` without its `]` is literal.
#[must_use]
pub fn fnmatch(pattern: &str, text: &str, letters: Letters) -> bool {
    if letters == Letters::Bytes || (pattern.is_ascii() && text.is_ascii()) {
        return matches(pattern.as_bytes(), text.as_bytes());
    }
    let units = |text: &str| text.chars().map(u32::from).collect::<Vec<_>>();
    matches(&units(pattern), &units(text))
}

trait Unit: Copy + Into<u32> {
    fn is(self, byte: u8) -> bool {
        self.into() == u32::from(byte)
    }
}

impl Unit for u8 {}
impl Unit for u32 {}

fn matches<U: Unit>(pattern: &[U], text: &[U]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on when a match fails after a star: only the last star needs trying again.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if p < pattern.len() && pattern[p].is(b'*') {
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

/// Length of the pattern's first element if it matches `unit`.
fn match_one<U: Unit>(pattern: &[U], unit: U) -> Option<usize> {
    let first = *pattern.first()?;
    let same = |other: U| other.into() == unit.into();
    if first.is(b'?') {
        return Some(1);
    }
    if first.is(b'\\') && pattern.len() > 1 {
        return same(pattern[1]).then_some(2);
    }
    if first.is(b'[') {
        return match class(pattern, unit) {
            Some((matches, length)) => matches.then_some(length),
            None => unit.is(b'[').then_some(1),
        };
    }
    same(first).then_some(1)
}

/// Whether a bracket expression matches and how long it is; `None` if it never closes.
fn class<U: Unit>(pattern: &[U], unit: U) -> Option<(bool, usize)> {
    let mut i = 1;
    let negated = pattern.get(i).is_some_and(|c| c.is(b'!') || c.is(b'^'));
    i += usize::from(negated);
    let mut matched = false;
    let mut first = true;
    loop {
        let c = *pattern.get(i)?;
        if c.is(b']') && !first {
            return Some((matched != negated, i + 1));
        }
        first = false;
        if c.is(b'[')
            && pattern.get(i + 1).is_some_and(|c| c.is(b':'))
            && let Some((name, length)) = named_class(&pattern[i..])
        {
            matched |= in_named_class(&name, unit.into());
            i += length;
            continue;
        }
        let (low, next) = class_unit(pattern, i)?;
        let is_range = pattern.get(next).is_some_and(|c| c.is(b'-'))
            && pattern.get(next + 1).is_some_and(|end| !end.is(b']'));
        if is_range {
            let (high, after) = class_unit(pattern, next + 1)?;
            matched |= (low..=high).contains(&unit.into());
            i = after;
        } else {
            matched |= low == unit.into();
            i = next;
        }
    }
}

fn class_unit<U: Unit>(pattern: &[U], i: usize) -> Option<(u32, usize)> {
    let unit = *pattern.get(i)?;
    if unit.is(b'\\') {
        return Some(((*pattern.get(i + 1)?).into(), i + 2));
    }
    Some((unit.into(), i + 1))
}

fn named_class<U: Unit>(pattern: &[U]) -> Option<(String, usize)> {
    let closes = |pair: &[U]| pair[0].is(b':') && pair[1].is(b']');
    let end = pattern
        .windows(2)
        .position(closes)
        .filter(|end| *end >= 2)?;
    let name = pattern[2..end].iter();
    let name = name.map(|unit| char::from_u32((*unit).into()).unwrap_or_default());
    Some((name.collect(), end + 2))
}

fn in_named_class(name: &str, unit: u32) -> bool {
    let Ok(byte) = u8::try_from(unit) else {
        return false;
    };
    match name {
        "alpha" => byte.is_ascii_alphabetic(),
        "digit" => byte.is_ascii_digit(),
        "alnum" => byte.is_ascii_alphanumeric(),
        "upper" => byte.is_ascii_uppercase(),
        "lower" => byte.is_ascii_lowercase(),
        "space" => byte.is_ascii_whitespace() || byte == 0x0b,
        "blank" => matches!(byte, b' ' | b'\t'),
        "punct" => byte.is_ascii_punctuation(),
        "xdigit" => byte.is_ascii_hexdigit(),
        "cntrl" => byte.is_ascii_control(),
        "graph" => byte.is_ascii_graphic(),
        "print" => byte.is_ascii_graphic() || byte == b' ',
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Letters, fnmatch};

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
            let found = fnmatch(pattern, text, Letters::Bytes);
            assert_eq!(found, *expected, "{pattern} against {text}");
        }
    }

    #[test]
    fn letters_are_bytes_or_characters() {
        for (pattern, text, bytes, characters) in [
            ("?", "ü", false, true),
            ("??", "ü", true, false),
            ("[ä-ü]x*", "öx1", false, true),
            ("*ü?", "über-ü1", true, true),
        ] {
            assert_eq!(
                fnmatch(pattern, text, Letters::Bytes),
                bytes,
                "{pattern} {text}"
            );
            let found = fnmatch(pattern, text, Letters::Characters);
            assert_eq!(found, characters, "{pattern} {text}");
        }
    }
}
