//! A list of ids, one to a line, changed item by item: comments of the others stay.

use super::super::value::lines;
use super::edit::Edits;
use toml_edit::Array;

/// Changes the list, if each of its items has a line of its own. Returns whether it did.
pub(super) fn write(edits: &mut Edits<'_>, array: &Array, new: &[(u32, String)]) -> bool {
    let Some(whole) = array.span() else {
        return false;
    };
    let mut items = Vec::new();
    for item in array {
        let (Some(id), Some(place)) = (item.as_integer(), item.span()) else {
            return false;
        };
        items.push((id, place));
    }
    // Items, the last one before the bracket included, end with a line of their own.
    let ends: Vec<usize> = items
        .iter()
        .map(|(_, place)| edits.line_end(place.end))
        .collect();
    let alone = ends.windows(2).all(|pair| pair[0] < pair[1]);
    let starts_below = items
        .first()
        .is_some_and(|(_, place)| edits.line_end(whole.start) <= place.start);
    let (Some((last_id, last)), Some(end)) = (items.last(), ends.last()) else {
        return false;
    };
    if !alone || !starts_below || *end >= whole.end {
        return false;
    }
    let wanted = |id: i64| new.iter().any(|(one, _)| i64::from(*one) == id);
    for (_, place) in items.iter().filter(|(id, _)| !wanted(*id)) {
        let line = edits.line_of(place.start);
        edits.replace(line, "");
    }
    let known = |id: u32| items.iter().any(|(one, _)| *one == i64::from(id));
    let added: Vec<_> = new.iter().filter(|(id, _)| !known(*id)).cloned().collect();
    if !added.is_empty() {
        if wanted(*last_id) && !edits.has_comma(last.end) {
            edits.replace(last.end..last.end, ",");
        }
        edits.replace(*end..*end, lines(&added));
    }
    true
}
