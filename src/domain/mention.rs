//! Of whom a text may speak.

use super::ContactId;
use std::collections::BTreeSet;

/// Whether one of the ids stands in the text as a whole number. Another number of the same value
/// counts as well: rather a text too many than one too few.
#[must_use]
pub fn speaks_of(text: &[u8], ids: &BTreeSet<ContactId>) -> bool {
    numbers(text).any(|number| ids.contains(&number))
}

/// All that may be a contact's id.
pub fn numbers(text: &[u8]) -> impl Iterator<Item = ContactId> {
    text.split(|byte| !byte.is_ascii_digit())
        .filter(|digits| !digits.is_empty() && digits.len() <= 10)
        .filter_map(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
        .map(ContactId)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(ids: &[u32]) -> BTreeSet<ContactId> {
        ids.iter().copied().map(ContactId).collect()
    }

    #[test]
    fn numbers_are_whole() {
        for (text, speaks) in [
            (r#"{"id":17}"#, true),
            (r#"{"id":"17"}"#, true),
            (r#"{"id":170,"x":"a17b","y":1.17}"#, true),
            (r#"{"id":170,"y":117,"z":"99999999999999999917"}"#, false),
            ("", false),
        ] {
            assert_eq!(
                speaks_of(text.as_bytes(), &ids(&[17, 18])),
                speaks,
                "{text}"
            );
        }
    }
}
