//! PHP's `serialize` and `unserialize` for plain data (no objects), over JSON values.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// The serialized form: JSON lists and objects become PHP arrays, whole-number keys become ints as in PHP.
#[must_use]
pub fn serialize(value: &Value) -> String {
    let mut out = String::new();
    write(value, &mut out);
    out
}

/// Writing into a `String` cannot fail, hence the dropped results.
fn write(value: &Value, out: &mut String) {
    let _ = match value {
        Value::Null => out.write_str("N;"),
        Value::Bool(yes) => write!(out, "b:{};", u8::from(*yes)),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => write!(out, "i:{whole};"),
            None => write!(out, "d:{number};"),
        },
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            let keyed = items.iter().enumerate();
            write_array(
                items.len(),
                keyed.map(|(index, item)| {
                    (Key::Index(i64::try_from(index).unwrap_or(i64::MAX)), item)
                }),
                out,
            )
        }
        Value::Object(members) => write_array(
            members.len(),
            members.iter().map(|(key, item)| (Key::of(key), item)),
            out,
        ),
    };
}

enum Key<'a> {
    Index(i64),
    Name(&'a str),
}

impl<'a> Key<'a> {
    fn of(key: &'a str) -> Self {
        array_index(key).map_or(Self::Name(key), Self::Index)
    }
}

fn write_array<'a>(
    length: usize,
    entries: impl Iterator<Item = (Key<'a>, &'a Value)>,
    out: &mut String,
) -> std::fmt::Result {
    write!(out, "a:{length}:{{")?;
    for (key, item) in entries {
        match key {
            Key::Index(index) => write!(out, "i:{index};")?,
            Key::Name(name) => write_text(name, out)?,
        }
        write(item, out);
    }
    out.write_char('}')
}

fn write_text(text: &str, out: &mut String) -> std::fmt::Result {
    write!(out, "s:{}:\"{text}\";", text.len())
}

/// The int PHP makes of an array key written in canonical decimal form.
fn array_index(key: &str) -> Option<i64> {
    let number: i64 = key.parse().ok()?;
    (number.to_string() == key).then_some(number)
}

/// Reads serialized plain data; nothing for broken input and for objects. Arrays with the keys 0, 1, 2 … become lists.
#[must_use]
pub fn unserialize(bytes: &[u8]) -> Option<Value> {
    Reader { bytes, at: 0 }.value()
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self) -> Option<Value> {
        let kind = *self.bytes.get(self.at)?;
        self.at += 1;
        match kind {
            b'N' => self.expect(b';').map(|()| Value::Null),
            b'b' => self.scalar().map(|text| Value::Bool(text == "1")),
            b'i' => self.scalar()?.parse::<i64>().ok().map(Value::from),
            b'd' => {
                let number: f64 = self.scalar()?.parse().ok()?;
                Number::from_f64(number).map(Value::Number)
            }
            b's' => self.text().map(Value::String),
            b'a' => self.array(),
            _ => None,
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (*self.bytes.get(self.at)? == byte).then(|| self.at += 1)
    }

    /// `:<text>;`
    fn scalar(&mut self) -> Option<String> {
        self.expect(b':')?;
        self.until(b';')
    }

    fn until(&mut self, end: u8) -> Option<String> {
        let length = self
            .bytes
            .get(self.at..)?
            .iter()
            .position(|&byte| byte == end)?;
        let text = std::str::from_utf8(&self.bytes[self.at..self.at + length]).ok()?;
        self.at += length + 1;
        Some(text.to_owned())
    }

    fn length(&mut self) -> Option<usize> {
        self.expect(b':')?;
        self.until(b':')?.parse().ok()
    }

    /// `:<bytes>:"…";`
    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        self.expect(b'"')?;
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.at += length;
        self.expect(b'"')?;
        self.expect(b';')?;
        Some(text)
    }

    /// `:<count>:{key value …}`
    fn array(&mut self) -> Option<Value> {
        let count = self.length()?;
        self.expect(b'{')?;
        let mut members = Map::new();
        let mut is_list = true;
        for position in 0..count {
            let key = match self.value()? {
                Value::Number(number) => number.to_string(),
                Value::String(text) => text,
                _ => return None,
            };
            is_list &= key == position.to_string();
            let item = self.value()?;
            members.insert(key, item);
        }
        self.expect(b'}')?;
        if is_list {
            return Some(Value::Array(
                members.into_iter().map(|(_, item)| item).collect(),
            ));
        }
        Some(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::{serialize, unserialize};
    use serde_json::json;

    #[test]
    fn click_through_round_trip() {
        let data = json!({"source": ["api", 0], "email": 3, "stat": "abc", "lead": "7", "channel": {"email": 3}});
        let text = serialize(&data);
        assert_eq!(
            text,
            r#"a:5:{s:6:"source";a:2:{i:0;s:3:"api";i:1;i:0;}s:5:"email";i:3;s:4:"stat";s:3:"abc";s:4:"lead";s:1:"7";s:7:"channel";a:1:{s:5:"email";i:3;}}"#
        );
        assert_eq!(unserialize(text.as_bytes()), Some(data));
    }

    #[test]
    fn lengths_are_bytes_and_broken_input_is_refused() {
        assert_eq!(
            serialize(&json!({"a": "ö", "n": null, "b": true})),
            r#"a:3:{s:1:"a";s:2:"ö";s:1:"n";N;s:1:"b";b:1;}"#
        );
        assert_eq!(unserialize(b"a:1:{i:0;s:9:\"x\";}"), None);
        assert_eq!(unserialize(b"O:8:\"stdClass\":0:{}"), None);
    }
}
