//! What an import into a plan did and left, for people.

use crate::diagnostics::quote;
use serde::Serialize;
use std::fmt;

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Changed in Mautic and in the plan: the plan's value stays. Somebody should look.
    Conflict,
    /// New in Mautic; it is a rule now.
    Added,
    /// New in Mautic, but it cannot be a rule: it is a comment now.
    Noted,
    /// Changed in Mautic, and now in the plan.
    Changed,
    /// Changed in Mautic; the plan is not, since it has no rule of it.
    Told,
    /// Switched on in Mautic; it is a rule now.
    SwitchedOn,
    /// Switched off in Mautic; the rule stays.
    SwitchedOff,
    /// Mautic does not have it any more; the rule stays, since what it paid still counts.
    Gone,
    /// Edited in the plan; Mautic's value did not change.
    Kept,
    /// Taken out of the plan by hand; it stays out.
    LeftOut,
    /// Several rules stand for it, or it cannot be a rule as it is now: nothing was done.
    Untouched,
}

/// What something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// The plan itself.
    Plan,
    /// A topic.
    Topic,
    /// A point action.
    PointAction,
    /// A trigger.
    Trigger,
}

/// One thing that an import did or left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What it is about.
    pub thing: Thing,
    /// Mautic's id of it; `None`: it has none.
    pub id: Option<u32>,
    /// Its name.
    pub name: String,
    /// What became of it.
    pub what: What,
    /// The key that it is about; `None`: all of it.
    pub key: Option<String>,
    /// What the plan says.
    pub plan: Option<String>,
    /// What Mautic said at the last import, as far as known.
    pub before: Option<String>,
    /// What Mautic says now.
    pub mautic: Option<String>,
}

impl Change {
    /// A change of the whole thing.
    pub(super) fn of(thing: Thing, id: Option<u32>, name: &str, what: What) -> Self {
        Self {
            thing,
            id,
            name: name.to_owned(),
            what,
            key: None,
            plan: None,
            before: None,
            mautic: None,
        }
    }

    /// With what Mautic says.
    pub(super) fn mautic(mut self, text: impl Into<String>) -> Self {
        self.mautic = Some(text.into());
        self
    }

    fn who(&self) -> String {
        let id = self.id.map_or(String::new(), |id| format!(" {id}"));
        match self.thing {
            Thing::Plan => "the plan".to_owned(),
            Thing::Topic => format!("topic{id} {}", quote(&self.name)),
            Thing::PointAction => format!("point action{id} {}", quote(&self.name)),
            Thing::Trigger => format!("trigger{id} {}", quote(&self.name)),
        }
    }

    /// Lines as of a diff: `-` and `+` for what changes in the plan, `!` for conflicts.
    fn lines(&self) -> String {
        let key = self.key.as_deref().unwrap_or_default();
        let said = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let now = said(&self.mautic);
        match self.what {
            What::Added => format!("+ {now}"),
            What::Noted => format!("# {now} (a comment)"),
            What::Changed => {
                let line = |sign: char, value: &Option<String>| {
                    value.as_ref().map(|value| format!("{sign} {key} = {value}"))
                };
                let lines = [line('-', &self.plan), line('+', &self.mautic)];
                lines.into_iter().flatten().collect::<Vec<_>>().join("\n  ")
            }
            What::Told => format!("  changed in Mautic from {} to {now}", said(&self.before)),
            What::Conflict => {
                let from = self.before.as_ref();
                let from = from.map_or(String::new(), |from| format!("went from {from} to "));
                format!("! {key}: yours stays: {}; Mautic's {from}{now}", said(&self.plan))
            }
            What::Kept => format!("= {key}: yours stays: {}; Mautic's: {now}", said(&self.plan)),
            What::SwitchedOn => format!("+ switched on in Mautic: {now}"),
            What::SwitchedOff => "= switched off in Mautic; the rule stays".to_owned(),
            What::Gone if self.thing == Thing::PointAction => {
                "= gone from Mautic; the rule stays, so that what it paid still counts (set `until` to end it)".to_owned()
            }
            What::Gone => "  gone from Mautic".to_owned(),
            What::LeftOut => "= not in the plan any more, and stays out".to_owned(),
            What::Untouched => format!("! not merged: {now}"),
        }
    }
}

/// Changes, grouped by what they are about.
pub(super) fn text(changes: &[Change]) -> String {
    let mut text = String::new();
    let mut last = None;
    for change in changes {
        let who = change.who();
        if last.as_ref() != Some(&who) {
            text.push_str(&who);
            text.push('\n');
            last = Some(who);
        }
        text.extend(["  ", &change.lines(), "\n"]);
    }
    text
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.who(), self.lines().replace("\n  ", ", "))
    }
}
