//! Whether an event satisfies a point action's properties (SEMANTICS 3; Mautic: `PageBundle/Helper/PointActionHelper`,
//! `EmailBundle/Helper/PointEventHelper`, `FormBundle/Helper/PointActionHelper`, `AssetBundle/Helper/PointActionHelper`).

use jiff::Timestamp;
use serde_json::Value;

use crate::php::cast;
use crate::php::filter::html_entity_decode;
use crate::php::fnmatch::fnmatch;
use crate::php::like::like;
use crate::state::Id;

/// One row of the contact's page hits, as far as the options of `url.hit` look at it.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// Id of the hit.
    pub id: Id,
    /// The stored URL.
    pub url: Option<&'a str>,
    /// When it was made.
    pub hit: Timestamp,
    /// When its browser made the next one.
    pub left: Option<Timestamp>,
}

/// Whether the thing hit is in a list of ids such as `properties.pages`; an empty or missing list allows everything.
#[must_use]
pub fn limited_to(properties: &Value, key: &str, id: Id) -> bool {
    match properties.get(key) {
        Some(Value::Array(allowed)) if !allowed.is_empty() => {
            allowed.iter().any(|entry| same_id(entry, id))
        }
        Some(Value::Object(allowed)) if !allowed.is_empty() => {
            allowed.values().any(|entry| same_id(entry, id))
        }
        _ => true,
    }
}

/// PHP's loose comparison of a list entry with an id.
fn same_id(entry: &Value, id: Id) -> bool {
    match entry {
        Value::Number(number) => number.as_u64() == Some(id),
        Value::String(text) => cast::is_numeric(text) && text.trim().parse() == Ok(id),
        _ => false,
    }
}

/// Whether a hit outside of landing pages pays a `url.hit` action: `current` is the hit, `visits` are all hits of the
/// contact, oldest id first, the current one included.
#[must_use]
pub fn url_hit(
    properties: &Value,
    current: Visit<'_>,
    visits: &[Visit<'_>],
    now: Timestamp,
) -> bool {
    let pattern = html_entity_decode(
        properties
            .get("page_url")
            .and_then(Value::as_str)
            .unwrap_or("")
            .trim(),
    );
    if pattern.is_empty() || pattern == "0" || !fnmatch(&pattern, current.url.unwrap_or("")) {
        return false;
    }
    let same_url = SameUrl::of(&pattern.replace('*', "%"), visits);
    let since_first = visits
        .iter()
        .find(|visit| visit.id != current.id)
        .map(|first| now.as_second() - first.hit.as_second());
    let option = |name: &str| {
        properties
            .get(name)
            .filter(|value| cast::truthy(value))
            .map(cast::int)
    };
    // The current hit is stored already, so "first time" is never true any more (SEMANTICS 3).
    let first_time = properties.get("first_time") == Some(&Value::Bool(true));
    !(first_time && same_url.count > 0)
        && option("accumulative_time").is_none_or(|seconds| same_url.seconds >= seconds)
        && option("page_hits").is_none_or(|hits| same_url.count >= hits)
        && option("returns_within")
            .is_none_or(|seconds| since_first.is_some_and(|age| age <= seconds))
        && option("returns_after")
            .is_none_or(|seconds| since_first.is_some_and(|age| age >= seconds))
}

/// The contact's hits whose URL is LIKE the pattern.
struct SameUrl {
    count: i64,
    seconds: i64,
}

impl SameUrl {
    fn of(pattern: &str, visits: &[Visit<'_>]) -> Self {
        let mut sum = Self {
            count: 0,
            seconds: 0,
        };
        for visit in visits
            .iter()
            .filter(|visit| visit.url.is_some_and(|url| like(pattern, url)))
        {
            sum.count += 1;
            sum.seconds += visit
                .left
                .map_or(0, |left| left.as_second() - visit.hit.as_second());
        }
        sum
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Visit, limited_to, url_hit};
    use jiff::Timestamp;
    use serde_json::json;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn visit(id: u64, url: &str, hit: i64, left: Option<i64>) -> Visit<'_> {
        Visit {
            id,
            url: Some(url),
            hit: at(hit),
            left: left.map(at),
        }
    }

    #[test]
    fn lists_limit_only_when_filled() {
        assert!(limited_to(&json!({}), "pages", 3));
        assert!(limited_to(&json!({"pages": []}), "pages", 3));
        assert!(limited_to(&json!({"pages": ["3"]}), "pages", 3));
        assert!(!limited_to(&json!({"pages": [2]}), "pages", 3));
    }

    #[test]
    fn patterns_without_options() {
        let hit = visit(1, "http://s/search?q=oven", 10, None);
        let pays = |pattern: &str| url_hit(&json!({"page_url": pattern}), hit, &[hit], at(10));
        assert!(pays("http://s/search?q=*"));
        assert!(pays("*"));
        assert!(!pays(""));
        assert!(!pays("http://s/search"));
    }

    #[test]
    fn hits_time_and_returns() {
        let visits = [
            visit(1, "http://s/a", 0, Some(40)),
            visit(2, "http://s/A", 40, None),
            visit(5, "http://s/a", 100, None),
        ];
        let pays = |options: serde_json::Value| url_hit(&options, visits[2], &visits, at(100));
        assert!(pays(json!({"page_url": "http://s/a", "page_hits": 3})));
        assert!(!pays(json!({"page_url": "http://s/a", "page_hits": 4})));
        assert!(pays(
            json!({"page_url": "http://s/*", "accumulative_time": 40})
        ));
        assert!(!pays(
            json!({"page_url": "http://s/*", "accumulative_time": "41"})
        ));
        assert!(pays(json!({"page_url": "*", "returns_within": 100})));
        assert!(!pays(json!({"page_url": "*", "returns_within": 99})));
        assert!(!pays(json!({"page_url": "*", "returns_after": 101})));
        assert!(!pays(json!({"page_url": "*", "first_time": true})));
    }
}
