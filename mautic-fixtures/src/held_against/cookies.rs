//! A browser's cookie jar, reduced to names and values.

/// The cookies of one visitor, in the order in which they were first set.
#[derive(Debug, Default, Clone)]
pub struct CookieJar {
    cookies: Vec<(String, String)>,
}

impl CookieJar {
    /// Takes over the `Set-Cookie` headers of an answer; expired ones leave the jar.
    pub fn store<'a>(&mut self, headers: impl IntoIterator<Item = &'a str>) {
        for header in headers {
            let Some((name, value)) = name_and_value(header) else {
                continue;
            };
            let at = self.cookies.iter().position(|(known, _)| known == name);
            match (at, is_expired(header)) {
                (Some(at), true) => drop(self.cookies.remove(at)),
                (None, true) => {}
                (Some(at), false) => value.clone_into(&mut self.cookies[at].1),
                (None, false) => self.cookies.push((name.to_owned(), value.to_owned())),
            }
        }
    }

    /// The `Cookie` header, or `None` for an empty jar.
    #[must_use]
    pub fn header(&self) -> Option<String> {
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

/// The name in a `Set-Cookie` header as recordings write it: `name` or `name(deleted)`.
#[must_use]
pub fn recorded_name(header: &str) -> Option<String> {
    let (name, _) = name_and_value(header)?;
    Some(if is_expired(header) {
        format!("{name}(deleted)")
    } else {
        name.to_owned()
    })
}

fn name_and_value(header: &str) -> Option<(&str, &str)> {
    let pair = header.split(';').next().unwrap_or_default();
    pair.split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
}

fn is_expired(header: &str) -> bool {
    let value = name_and_value(header).map_or("", |(_, value)| value);
    let lower = header.to_ascii_lowercase();
    let old = lower.split(';').skip(1).any(|attribute| {
        let attribute = attribute.trim();
        attribute == "max-age=0"
            || (attribute.starts_with("expires=") && attribute.contains("1970"))
    });
    value.is_empty() || value == "deleted" || old
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_replaces_and_drops() {
        let mut jar = CookieJar::default();
        jar.store(["a=1; path=/; secure", "b=2", "c=3"]);
        jar.store([
            "a=9",
            "b=deleted; expires=Thu, 01-Jan-1970 00:00:01 GMT; Max-Age=0",
        ]);
        assert_eq!(jar.header().as_deref(), Some("a=9; c=3"));
        assert_eq!(
            recorded_name("b=; Max-Age=0").as_deref(),
            Some("b(deleted)")
        );
    }
}
