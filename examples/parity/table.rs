//! The report as text.

use super::check::Report;
use std::fmt::Write as _;

pub(crate) fn text(report: &Report) -> String {
    let mut text = String::new();
    for outcome in &report.by_scenario {
        let word = if outcome.equal { "equal" } else { "DIFFERS" };
        let _ = writeln!(
            text,
            "{:32} {word:8} {:3} of {:3} contacts equal",
            outcome.scenario, outcome.contacts_equal, outcome.contacts
        );
        for one in &outcome.differences {
            let _ = writeln!(
                text,
                "    contact {} {}: Mautic {}, computed {}, observed {}: {:?} {}",
                one.contact,
                one.of,
                one.mautic,
                one.computed,
                one.observed.map_or("-".to_owned(), |seen| seen.to_string()),
                one.kind,
                one.why
            );
            for action in &one.actions {
                let _ = writeln!(
                    text,
                    "        {}: logged {}, computed {}",
                    action.action, action.logged, action.computed
                );
            }
        }
    }
    let _ = writeln!(
        text,
        "by {}: {} of {} scenarios equal, {} of {} contacts, {} differences, {} unexplained",
        report.source,
        report.scenarios_equal,
        report.scenarios,
        report.contacts_equal,
        report.contacts,
        report.differences.len(),
        report.unexplained
    );
    text
}
