//! What is wrong only with several parts of a plan together.

use super::super::ownership::repeated;
use super::context::{Context, Span};
use crate::diagnostics::{Severity, quote};
use std::collections::BTreeSet;

/// Things of a contact that rules ask about and that triggers change, by words such as
/// `the tag vip`: a score that depends on what follows from it.
#[derive(Default)]
pub(super) struct Feedback {
    asked: BTreeSet<String>,
    changed: Vec<(String, Span)>,
}

impl Context<'_, '_> {
    /// A rule asks about this thing of a sort (field, tag, stage, campaign).
    pub(super) fn ask(&self, sort: &str, thing: &str) {
        let asked = format!("the {sort} {thing}");
        self.feedback.borrow_mut().asked.insert(asked);
    }

    /// A trigger changes this thing of a sort.
    pub(super) fn change(&self, sort: &str, thing: &str, span: Span) {
        let changed = (format!("the {sort} {thing}"), span);
        self.feedback.borrow_mut().changed.push(changed);
    }

    /// Reports what is wrong only with several parts together.
    pub(super) fn check_together(&self) {
        self.check_keys();
        for (span, message, hint) in self.claims.borrow().conflicts() {
            self.error(span, message, hint);
        }
        for span in repeated(&self.main_points.borrow()) {
            let message = "another topic stands for the main points";
            self.error(span, message, "keep `main_points = true` in one of the two");
        }
        self.check_parts();
        self.check_circles();
        self.check_adopted();
        self.check_feedback();
        self.check_use();
    }

    fn error(&self, span: &Span, message: impl Into<String>, hint: &str) {
        self.sheet.together(span, Severity::Error, message, hint);
    }

    fn check_keys(&self) {
        for span in repeated(&self.topic_keys.borrow()) {
            let hint = "give each topic a key of its own";
            self.error(span, "another topic has this key", hint);
        }
        for span in repeated(&self.grade_keys.borrow()) {
            let hint = "give each grade a key of its own";
            self.error(span, "another grade has this key", hint);
        }
        for span in repeated(&self.rule_keys.borrow()) {
            let message = "another rule has this key (it follows from the name if none is given)";
            let hint = "add a `key` of its own, such as `key = \"visit-2\"`";
            self.error(span, message, hint);
        }
    }

    /// Parts of totals must exist; they may stand after the total.
    fn check_parts(&self) {
        for (_, parts) in self.totals.borrow().iter() {
            for (part, span) in parts {
                // Reported there if it is unknown.
                let _ = self.topic_called(part, span);
            }
        }
    }

    /// Each circle of totals once, at the part that closes it in the first of its topics.
    fn check_circles(&self) {
        let totals = self.totals.borrow();
        let parts_of = |key: &str| {
            let found = totals.iter().find(|(total, _)| total == key);
            found.map_or(&[][..], |(_, parts)| parts)
        };
        let reach = |from: &str| {
            let mut seen = BTreeSet::from([from.to_owned()]);
            let mut open = vec![from.to_owned()];
            while let Some(next) = open.pop() {
                let parts = parts_of(&next).iter().map(|(part, _)| part);
                open.extend(parts.filter(|part| seen.insert((*part).clone())).cloned());
            }
            seen
        };
        let mut told = BTreeSet::new();
        for (total, parts) in totals.iter() {
            let back = parts.iter().find(|(part, _)| reach(part).contains(total));
            let Some((part, span)) = back.filter(|_| !told.contains(total)) else {
                continue;
            };
            let message = format!("the topic {} is a part of itself", quote(total));
            self.error(span, message, "take one of the topics out of `sum_of`");
            let circle = reach(part)
                .into_iter()
                .filter(|one| reach(one).contains(total));
            told.extend(circle);
        }
    }

    /// What a rule pays is not adopted, too.
    fn check_adopted(&self) {
        let stood_for = self.stood_for.borrow();
        for (action, span) in self.adopted.borrow().iter() {
            if stood_for.contains(action) {
                let message =
                    "a rule stands for this action, so that its logged points don't count";
                let hint = "take it out of `adopt_actions`, or remove the rule";
                self.sheet.together(span, Severity::Warning, message, hint);
            }
        }
    }

    fn check_feedback(&self) {
        let feedback = self.feedback.borrow();
        for (thing, span) in &feedback.changed {
            if feedback.asked.contains(thing) {
                let message = format!("a rule of this plan asks about {thing}, which this changes");
                let hint = "the score would depend on what follows from it: change something else";
                self.sheet.together(span, Severity::Warning, message, hint);
            }
        }
    }

    fn check_use(&self) {
        let used = self.used_topics.borrow();
        for (key, span) in self.topic_keys.borrow().iter() {
            if !used.contains(key) {
                let message = format!("nothing uses the topic {}", quote(key));
                let hint = "add a rule for it, or remove the topic";
                self.sheet.together(span, Severity::Warning, message, hint);
            }
        }
    }
}
