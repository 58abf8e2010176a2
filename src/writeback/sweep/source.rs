//! Which reports tell group scores, and what their rows say. PURE.
//!
//! Mautic orders a report by the last of its order columns only, so that pages of one with several
//! overlap and leave rows out (FACTS 36): such a report is not read.

use crate::domain::{ContactId, GroupId};
use crate::mautic::wire::Report;
use std::collections::{BTreeMap, BTreeSet};

const CONTACT: &str = "l.id";
const GROUP: &str = "pl.id";
const SCORE: &str = "ls.score";

/// A report that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The report's id.
    pub report: u32,
    /// The one group it tells of; `None`: all of them.
    pub group: Option<GroupId>,
}

/// Reports that together tell the scores in these groups, as few as possible; `None` if some group
/// is in none.
#[must_use]
pub fn sources(reports: &[Report], groups: &BTreeSet<GroupId>) -> Option<Vec<Source>> {
    let usable: Vec<Source> = reports.iter().filter_map(usable).collect();
    if let Some(all) = usable.iter().find(|source| source.group.is_none()) {
        return Some(vec![*all]);
    }
    let of = |group: &GroupId| usable.iter().find(|one| one.group == Some(*group)).copied();
    groups.iter().map(of).collect()
}

fn usable(report: &Report) -> Option<Source> {
    let shows = |column: &str| report.columns.iter().any(|shown| shown == column);
    let ordered = [(CONTACT.to_owned(), "ASC".to_owned())];
    let fits = report.source == "group.score"
        && shows(CONTACT)
        && shows(SCORE)
        && report.order == ordered
        && !report.condensed;
    let group = match report.filters.as_slice() {
        [] if shows(GROUP) => None,
        [(column, condition, value)] if column == GROUP && condition == "eq" => {
            Some(GroupId(value.parse().ok()?))
        }
        _ => return None,
    };
    fits.then_some(Source {
        report: report.id,
        group,
    })
}

/// A contact's score in a group, as a row tells it; `None` if it does not.
#[must_use]
pub(super) fn score(
    source: Source,
    row: &BTreeMap<String, String>,
) -> Option<(ContactId, GroupId, i32)> {
    let number = |column: &str| row.get(column)?.parse::<i64>().ok();
    let id = |column: &str| number(column).and_then(|id| u32::try_from(id).ok());
    let group = match source.group {
        Some(group) => group,
        None => GroupId(id(GROUP)?),
    };
    let score = i32::try_from(number(SCORE)?).ok()?;
    Some((ContactId(id(CONTACT)?), group, score))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(id: u32, columns: &[&str], filters: &[(&str, &str, &str)], order: &[&str]) -> Report {
        let text = |text: &&str| (*text).to_owned();
        Report {
            id,
            source: "group.score".into(),
            columns: columns.iter().map(text).collect(),
            filters: filters
                .iter()
                .map(|(a, b, c)| (text(a), text(b), text(c)))
                .collect(),
            order: order.iter().map(|one| (text(one), "ASC".into())).collect(),
            ..Report::default()
        }
    }

    #[test]
    fn only_reports_whose_pages_fit_together_are_read() {
        const ALL: &[&str] = &["l.id", "pl.id", "pl.name", "ls.score"];
        const ONE: &[&str] = &["l.id", "ls.score"];
        let of = |group| [("pl.id", "eq", group)];
        let all = report(6, ALL, &[], &["l.id"]);
        let (two, three) = (
            report(2, ONE, &of("2"), &["l.id"]),
            report(3, ONE, &of("3"), &["l.id"]),
        );
        let condensed = Report {
            condensed: true,
            ..all.clone()
        };
        let elsewhere = Report {
            source: "lead.pointlog".into(),
            ..all.clone()
        };
        let backwards = Report {
            order: vec![("l.id".into(), "DESC".into())],
            ..all.clone()
        };
        let some = |found: &[(u32, Option<u32>)]| {
            let source = |&(report, group): &(u32, Option<u32>)| Source {
                report,
                group: group.map(GroupId),
            };
            Some(found.iter().map(source).collect::<Vec<_>>())
        };
        let table = [
            (vec![two.clone(), all], some(&[(6, None)])),
            (
                vec![three, two.clone()],
                some(&[(2, Some(2)), (3, Some(3))]),
            ),
            (vec![two], None),
            (vec![report(6, ALL, &[], &["l.id", "pl.id"])], None),
            (vec![report(6, ALL, &[], &[])], None),
            (vec![report(6, ONE, &[], &["l.id"])], None),
            (
                vec![report(6, ALL, &[("ls.score", "gt", "5")], &["l.id"])],
                None,
            ),
            (vec![condensed], None),
            (vec![elsewhere], None),
            (vec![backwards], None),
            (Vec::new(), None),
        ];
        let groups = [2, 3].map(GroupId).into();
        for (reports, expected) in table {
            assert_eq!(sources(&reports, &groups), expected, "{reports:?}");
        }
    }

    #[test]
    fn rows_are_read_or_said_to_be_unreadable() {
        let row = |cells: &[(&str, &str)]| {
            let owned = |(column, value): &(&str, &str)| ((*column).into(), (*value).into());
            cells.iter().map(owned).collect::<BTreeMap<_, _>>()
        };
        let all = Source {
            report: 6,
            group: None,
        };
        let one = Source {
            group: Some(GroupId(2)),
            ..all
        };
        let whole = row(&[("l.id", "7"), ("pl.id", "3"), ("ls.score", "-61")]);
        let found = |group| Some((ContactId(7), GroupId(group), -61));
        assert_eq!(score(all, &whole), found(3));
        let bare = row(&[("l.id", "7"), ("ls.score", "-61")]);
        assert_eq!(score(one, &bare), found(2));
        assert_eq!(score(all, &bare), None);
        assert_eq!(score(one, &row(&[("l.id", "7")])), None);
        assert_eq!(score(one, &row(&[("l.id", "x"), ("ls.score", "1")])), None);
    }
}
