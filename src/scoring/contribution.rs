//! What a score is made of.

use super::days::LocalSecond;
use super::machine::Machine;
use crate::domain::{Activity, Adjustment, LedgerRow};
use crate::plan::{Fade, Ticks};
use jiff::Timestamp;

/// Points that one rule gives one contact in one topic for one reason, for a time.
#[derive(Debug, Clone)]
pub struct Contribution<'a> {
    /// Key of the rule, or of what stands in for one: `adjustment`, `mautic`, `carried`, `total`.
    pub rule: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// Points as earned, in thousandths.
    pub points: i64,
    /// Since when; `None`: as long as is known.
    pub from: Option<Timestamp>,
    /// Until when; `None`: nothing ends it.
    pub until: Option<Timestamp>,
    /// How it fades, if little by little.
    pub fade: Option<&'a Fade>,
    /// Why.
    pub reason: Reason<'a>,
    /// What it is worth now, in thousandths.
    pub worth: i64,
    /// `from` on the local clock, where it fades.
    pub(super) from_local: LocalSecond,
}

/// Why a contribution is there.
#[derive(Debug, Clone)]
pub enum Reason<'a> {
    /// The contact did this.
    Activity {
        /// What.
        activity: &'a Activity,
        /// What kind of machine did it, if one.
        machine: Option<Machine>,
    },
    /// This holds of the profile, in words.
    Profile(String),
    /// Nothing happened since then for this many days.
    Silence {
        /// Last activity that counts, or the contact's first day.
        since: Timestamp,
        /// Days of the step.
        days: u16,
    },
    /// A person gave them.
    Adjustment(&'a Adjustment),
    /// Somebody else put them into Mautic, and the topic adopts them.
    Adopted(&'a LedgerRow),
    /// Carried over from before a stage was entered.
    Carried {
        /// The score then.
        score: i32,
        /// How much of it, in percent.
        percent: u8,
    },
    /// The score of a part of a total.
    Part {
        /// Index of that topic.
        topic: usize,
        /// Its score.
        score: i32,
    },
}

impl<'a> Contribution<'a> {
    /// One that nothing ends and that does not fade.
    pub(super) fn new(
        rule: &'a str,
        name: &'a str,
        points: i64,
        from: Option<Timestamp>,
        reason: Reason<'a>,
    ) -> Self {
        Self {
            rule,
            name,
            points,
            from,
            until: None,
            fade: None,
            reason,
            worth: points,
            from_local: LocalSecond(0),
        }
    }

    /// Lets it end, if that is sooner than it ends anyway.
    pub(super) fn ending(mut self, until: Option<Timestamp>) -> Self {
        self.until = self.until.into_iter().chain(until).min();
        self
    }

    /// Lets it fade as its topic says: negative points do not, for decay never raises a score.
    pub(super) fn fading(self, fade: &'a Fade, ticks: &Ticks) -> Self {
        if self.points > 0 {
            self.fading_as_its_rule_says(fade, ticks)
        } else {
            self
        }
    }

    /// Lets it fade as its own rule says: that may end negative points at once, but does not
    /// make them fade little by little.
    pub(super) fn fading_as_its_rule_says(mut self, fade: &'a Fade, ticks: &Ticks) -> Self {
        if let (Some(days), Some(from)) = (fade.expiry(), self.from) {
            let end = ticks.after_days(from, days);
            return self.ending(end);
        }
        if let Some(from) = self.from.filter(|_| fade.is_gradual() && self.points > 0) {
            self.fade = Some(fade);
            self.from_local = ticks.second(from);
        }
        self
    }

    /// Whether it counts at `moment`.
    pub(super) fn counts_at(&self, moment: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= moment) && self.until.is_none_or(|end| moment < end)
    }

    /// What it is worth while it counts, in thousandths; `day` is the last tick's.
    pub(super) fn worth_on(&self, ticks: &Ticks, day: i64) -> i64 {
        match self.fade {
            Some(fade) => fade.worth(self.points, ticks.age(self.from_local, day)),
            None => self.points,
        }
    }

    /// The day of the last tick at which something is left of it, if it fades.
    pub(super) fn last_day(&self, ticks: &Ticks) -> Option<i64> {
        let lasts = self.fade?.lasts()?;
        Some(ticks.last_day(self.from?) + lasts + 1)
    }
}

/// An activity that a rule asks for, and that pays nothing or not all.
#[derive(Debug, Clone)]
pub struct Ignored<'a> {
    /// Key of the rule.
    pub rule: &'a str,
    /// Its name for people.
    pub name: &'a str,
    /// The topic that did not take it; `None`: all that the rule pays into.
    pub topic: Option<usize>,
    /// The activity.
    pub activity: &'a Activity,
    /// Why, in words.
    pub why: String,
}
