//! Reads the little of PHP's `serialize` that Mautic's columns hold: null, bool, int, float,
//! string and array. Objects and references are refused.

/// A value that PHP serialised.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Php {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    /// Keys as text, in their order.
    Array(Vec<(String, Php)>),
}

impl Php {
    /// The entry of an array.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Array(entries) = self else {
            return None;
        };
        entries
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value)
    }

    /// A string or a whole number as text.
    pub(super) fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Int(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

/// Why a text is no serialised value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at}")]
pub(super) struct PhpFault {
    what: &'static str,
    at: usize,
}

/// `open_details` nests two deep, `query` rarely more than five.
const MAX_DEPTH: usize = 32;
/// Mautic keeps at most 1000 opens of four values each.
const MAX_VALUES: usize = 100_000;

/// Reads one serialised value that fills the whole text.
pub(super) fn parse(text: &str) -> Result<Php, PhpFault> {
    let mut reader = Reader {
        text,
        at: 0,
        values: 0,
    };
    let value = reader.value(0)?;
    if reader.at == text.len() {
        Ok(value)
    } else {
        Err(reader.fault("text after the end"))
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    values: usize,
}

impl<'a> Reader<'a> {
    fn fault(&self, what: &'static str) -> PhpFault {
        PhpFault { what, at: self.at }
    }

    fn value(&mut self, depth: usize) -> Result<Php, PhpFault> {
        self.values += 1;
        if depth > MAX_DEPTH {
            return Err(self.fault("nested too deeply"));
        }
        if self.values > MAX_VALUES {
            return Err(self.fault("too many values"));
        }
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        match rest {
            [b'N', b';', ..] => {
                self.at += 2;
                Ok(Php::Null)
            }
            [kind, b':', ..] => {
                self.at += 2;
                self.tagged(*kind, depth)
            }
            _ => Err(self.fault("no serialised value")),
        }
    }

    fn tagged(&mut self, kind: u8, depth: usize) -> Result<Php, PhpFault> {
        match kind {
            b'b' => match self.until(";")? {
                "0" => Ok(Php::Bool(false)),
                "1" => Ok(Php::Bool(true)),
                _ => Err(self.fault("no bool")),
            },
            b'i' => Ok(Php::Int(self.number(";")?)),
            b'd' => Ok(Php::Float(self.number(";")?)),
            b's' => self.string().map(Php::Text),
            b'a' => self.array(depth),
            _ => Err(self.fault("a type that is not read")),
        }
    }

    fn until(&mut self, end: &str) -> Result<&'a str, PhpFault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let Some(length) = rest.find(end) else {
            return Err(self.fault("cut off"));
        };
        self.at += length + end.len();
        Ok(&rest[..length])
    }

    fn number<N: std::str::FromStr>(&mut self, end: &str) -> Result<N, PhpFault> {
        let digits = self.until(end)?;
        digits.parse().map_err(|_| self.fault("no number"))
    }

    fn skip(&mut self, expected: &str) -> Result<(), PhpFault> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(expected) {
            return Err(self.fault("wrong length"));
        }
        self.at += expected.len();
        Ok(())
    }

    /// `LENGTH:"…";` with the length in bytes.
    fn string(&mut self) -> Result<String, PhpFault> {
        let length: usize = self.number(":")?;
        self.skip("\"")?;
        let end = self.at.checked_add(length);
        let Some(content) = end.and_then(|end| self.text.get(self.at..end)) else {
            return Err(self.fault("wrong length"));
        };
        self.at += length;
        self.skip("\";")?;
        Ok(content.to_owned())
    }

    fn array(&mut self, depth: usize) -> Result<Php, PhpFault> {
        let count: usize = self.number(":")?;
        if count > MAX_VALUES {
            return Err(self.fault("too many values"));
        }
        self.skip("{")?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let key = match self.value(depth + 1)? {
                Php::Int(number) => number.to_string(),
                Php::Text(text) => text,
                _ => return Err(self.fault("no key")),
            };
            entries.push((key, self.value(depth + 1)?));
        }
        self.skip("}")?;
        Ok(Php::Array(entries))
    }
}

#[cfg(test)]
mod tests {
    #![allow(
        clippy::unwrap_used,
        clippy::expect_used,
        reason = "a failing test may panic"
    )]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_mautic_writes() {
        let merged = parse(r#"a:1:{s:11:"merged_into";i:6;}"#).unwrap();
        assert_eq!(merged.get("merged_into"), Some(&Php::Int(6)));
        let odd = parse("a:4:{i:0;b:0;i:1;N;i:2;d:1.5;s:3:\"ö\u{22}\";s:0:\"\";}").unwrap();
        assert_eq!(odd.get("0"), Some(&Php::Bool(false)));
        assert_eq!(odd.get("2"), Some(&Php::Float(1.5)));
        assert_eq!(odd.get("ö\"").and_then(Php::as_text).as_deref(), Some(""));
        assert_eq!(parse("a:0:{}").unwrap(), Php::Array(vec![]));
        assert_eq!(parse("i:-3;").unwrap().as_text().as_deref(), Some("-3"));
    }

    #[test]
    fn refuses_the_rest() {
        for (text, reason) in [
            ("", "no serialised value at byte 0"),
            ("a:1:{i:0;", "no serialised value at byte 9"),
            ("s:5:\"abc\";", "wrong length at byte 10"),
            ("s:1:\"ö\";", "wrong length at byte 5"),
            ("i:1;i:2;", "text after the end at byte 4"),
            ("i:x;", "no number at byte 4"),
            ("b:2;", "no bool at byte 4"),
            ("O:8:\"stdClass\":0:{}", "a type that is not read at byte 2"),
            ("R:1;", "a type that is not read at byte 2"),
            ("a:1:{a:0:{}i:1;}", "no key at byte 11"),
            ("a:99999999999:{}", "too many values at byte 14"),
            ("s:18446744073709551615:\"x\";", "wrong length at byte 24"),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), reason, "{text}");
        }
        let deep = "a:1:{i:0;".repeat(10_000);
        assert!(parse(&deep).unwrap_err().to_string().starts_with("nested"));
    }

    fn php(value: &Php) -> String {
        match value {
            Php::Null => "N;".into(),
            Php::Bool(flag) => format!("b:{};", u8::from(*flag)),
            Php::Int(number) => format!("i:{number};"),
            Php::Float(number) => format!("d:{number};"),
            Php::Text(text) => format!("s:{}:\"{text}\";", text.len()),
            Php::Array(entries) => {
                let inner: Vec<_> = entries
                    .iter()
                    .map(|(key, value)| format!("s:{}:\"{key}\";{}", key.len(), php(value)))
                    .collect();
                let inner = inner.concat();
                format!("a:{}:{{{inner}}}", entries.len())
            }
        }
    }

    fn any_php() -> impl Strategy<Value = Php> {
        let leaf = prop_oneof![
            Just(Php::Null),
            any::<bool>().prop_map(Php::Bool),
            any::<i64>().prop_map(Php::Int),
            any::<i32>().prop_map(|number| Php::Float(f64::from(number) / 8.0)),
            any::<String>().prop_map(Php::Text),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop::collection::vec((any::<String>(), inner), 0..6).prop_map(Php::Array)
        })
    }

    proptest! {
        #[test]
        fn reads_back_any_value(value in any_php()) {
            prop_assert_eq!(parse(&php(&value)), Ok(value));
        }

        #[test]
        fn never_panics(value in any_php(), cut in any::<prop::sample::Index>(), with in any::<char>()) {
            let mut text: Vec<char> = php(&value).chars().collect();
            let at = cut.index(text.len());
            text[at] = with;
            let _ = parse(&text.iter().collect::<String>());
            let _ = parse(&text[..at].iter().collect::<String>());
        }
    }
}
