//! Conditions: `all`, `any`, `not`, and single ones on profiles, activities and scores.

mod activity;
mod operand;
mod profile;
mod score;
mod test;

use super::super::Tree;
use super::context::Context;
use crate::diagnostics::{Table, Value};
pub(super) use activity::{has_url, read_activity};
pub(super) use profile::read_profile;
pub(super) use score::{SCORE_HINT, doubt_at_least, doubt_below, read_score};

/// What findings call a condition.
const WHAT: &str = "this condition";

/// A single condition that is being read.
struct Leaf<'l, 'a, 's> {
    context: &'l Context<'l, 's>,
    value: &'l Value<'a, 's>,
    table: &'l Table<'a, 's>,
    /// Where its names are noted; its number is that of its place among the single conditions.
    path: String,
}

/// Reads a condition; `leaf` reads the single ones, and says `None` of one that it has reported.
fn read_tree<'a, 's, L>(
    context: &Context<'_, 's>,
    value: &Value<'a, 's>,
    path: &str,
    hint: &str,
    mut leaf: impl FnMut(&Leaf<'_, 'a, 's>) -> Option<Tree<L>>,
) -> Option<Tree<L>> {
    let mut number = 0;
    read_node(value, hint, &mut |value, table| {
        let path = format!("{path}.{number}");
        number += 1;
        leaf(&Leaf {
            context,
            value,
            table,
            path,
        })
    })
}

fn read_node<'a, 's, L, F>(value: &Value<'a, 's>, hint: &str, leaf: &mut F) -> Option<Tree<L>>
where
    F: FnMut(&Value<'a, 's>, &Table<'a, 's>) -> Option<Tree<L>>,
{
    let table = value.table_as(WHAT, hint)?;
    let joined = ["all", "any", "not"].map(|key| table.get(key));
    let [None, None, None] = &joined else {
        if table.entries().len() > 1 {
            let message = "`all`, `any` and `not` each stand alone in a condition";
            let hint = "put the conditions side by side: { all = [{ … }, { … }] }";
            value.error(message, hint);
            return None;
        }
        return read_joined(joined, hint, leaf);
    };
    let read = leaf(value, &table);
    table.finish();
    read
}

fn read_joined<'a, 's, L, F>(
    joined: [Option<Value<'a, 's>>; 3],
    hint: &str,
    leaf: &mut F,
) -> Option<Tree<L>>
where
    F: FnMut(&Value<'a, 's>, &Table<'a, 's>) -> Option<Tree<L>>,
{
    let mut each = |list: Value<'a, 's>| -> Option<Vec<Tree<L>>> {
        let parts = list.list("write a list of conditions: [{ … }, { … }]")?;
        let parts = parts.iter().map(|part| read_node(part, hint, leaf));
        parts.collect::<Vec<_>>().into_iter().collect()
    };
    match joined {
        [Some(all), _, _] => each(all).map(Tree::All),
        [_, Some(any), _] => each(any).map(Tree::Any),
        [_, _, not] => {
            let part = read_node(&not?, hint, leaf)?;
            Some(Tree::Not(Box::new(part)))
        }
    }
}

impl<'a, 's> Leaf<'_, 'a, 's> {
    /// The one subject that the condition asks about.
    fn subject(&self, subjects: &[&'static str], hint: &str) -> Option<Value<'a, 's>> {
        let found = subjects.iter().filter_map(|key| self.table.get(key));
        let mut found: Vec<Value<'a, 's>> = found.collect();
        match found.len() {
            0 if self.table.has_unknown() => {}
            1 => return found.pop(),
            _ => self
                .value
                .error("a condition must ask exactly one thing", hint),
        }
        None
    }
}

/// Reports tests of a subject that takes none.
fn no_test(subject: &Value<'_, '_>, tests: &[(test::Asked, Value<'_, '_>)]) -> Option<()> {
    let Some((_, test)) = tests.first() else {
        return Some(());
    };
    let message = format!("`{}` does not fit `{}`", test.key(), subject.key());
    let hint = format!("`{}` is asked alone, without a test", subject.key());
    test.error(message, hint);
    None
}
