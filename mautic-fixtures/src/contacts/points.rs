//! Main points of the entity and their log.

use serde_json::json;

use crate::server::answer::Exception;
use crate::state::{Contact, Id, PointsLogRow, State};

/// How points are changed; `Set` only exists for group scores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `plus`
    Plus,
    /// `minus`
    Minus,
    /// `times`
    Times,
    /// `divide`
    Divide,
    /// `set`
    Set,
}

impl Operator {
    /// Reads the operator of a path; case matters (FACTS 20).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "plus" => Self::Plus,
            "minus" => Self::Minus,
            "times" => Self::Times,
            "divide" => Self::Divide,
            "set" => Self::Set,
            _ => return None,
        })
    }
}

/// `Lead::adjustPoints`: the change is made in SQL at the next save; 0 changes nothing.
///
/// # Errors
/// For [`Operator::Set`], which main points do not know.
pub fn adjust_points(
    contact: &mut Contact,
    points: i64,
    operator: Operator,
) -> Result<(), Exception> {
    if points == 0 {
        return Ok(());
    }
    let memory = &mut contact.memory;
    let old = memory.updated_points.unwrap_or(memory.points);
    let (sign, new) = match operator {
        Operator::Plus => ('+', old.saturating_add(points)),
        Operator::Minus => ('-', old.saturating_sub(points)),
        Operator::Times => ('*', old.saturating_mul(points)),
        Operator::Divide => ('/', old.saturating_div(points)),
        Operator::Set => return Err(Exception::new("Invalid operator")),
    };
    memory.updated_points = Some(new);
    match memory
        .point_changes
        .iter_mut()
        .find(|(known, _)| *known == sign)
    {
        Some((_, operand)) => *operand = operand.saturating_add(points),
        None => memory.point_changes.push((sign, points)),
    }
    if old != new {
        memory
            .changes
            .insert("points".to_owned(), json!([old, new]));
    }
    Ok(())
}

/// A line for the points log.
#[derive(Clone, Debug)]
pub struct PointsEntry<'a> {
    /// `API`, `page`, `form`, …
    pub kind: &'a str,
    /// Name of the event.
    pub event_name: &'a str,
    /// Name of the action.
    pub action_name: &'a str,
    /// Points; 0 makes no line.
    pub delta: i64,
    /// The group, `None` for main points.
    pub group: Option<Id>,
}

/// `Lead::addPointsChangeLogEntry`: the line is written by the contact's next save.
pub fn log_points(state: &mut State, contact: Id, entry: &PointsEntry<'_>) {
    if entry.delta == 0 {
        return;
    }
    let ip = state.current_ip();
    let row = PointsLogRow {
        id: 0,
        contact,
        ip,
        group: entry.group,
        kind: entry.kind.to_owned(),
        event_name: entry.event_name.to_owned(),
        action_name: entry.action_name.to_owned(),
        delta: entry.delta,
        date_added: state.now(),
    };
    if let Some(contact) = state.contacts.get_mut(contact) {
        contact.memory.pending_points_log.push(row);
    }
}

/// Applies the additions noted by [`adjust_points`] to a value, as SQL does (`points * 3`, `points / 5` rounded).
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // the column has 32 bits
pub(super) fn applied(points: i64, changes: &[(char, i64)]) -> i64 {
    changes
        .iter()
        .fold(points, |points, (sign, operand)| match sign {
            '+' => points.saturating_add(*operand),
            '-' => points.saturating_sub(*operand),
            '*' => points.saturating_mul(*operand),
            _ => (points as f64 / *operand as f64).round() as i64,
        })
}

#[cfg(test)]
mod tests {
    use super::{Operator, adjust_points, applied};
    use crate::contacts::constructed;
    use serde_json::json;

    #[test]
    fn additions_wait_for_the_save_and_leave_the_entity_as_it_was() {
        let mut contact = constructed();
        adjust_points(&mut contact, 5, Operator::Plus).unwrap();
        adjust_points(&mut contact, 2, Operator::Plus).unwrap();
        assert_eq!(contact.memory.points, 0);
        assert_eq!(contact.memory.point_changes, [('+', 7)]);
        // Only the last step is told as the change (SEMANTICS 6).
        assert_eq!(contact.memory.changes["points"], json!([5, 7]));
    }

    #[test]
    fn sql_rounds_where_php_cuts() {
        assert_eq!(applied(21, &[('/', 5)]), 4);
        assert_eq!(applied(7, &[('*', 3), ('-', 1)]), 20);
        assert_eq!(applied(5, &[('/', 2)]), 3);
    }
}
