//! What a rule on activities pays.

use super::contribution::Ignored;
use super::doings::Doing;
use super::era::Era;
use super::letter::Claim;
use super::limits::{Limiter, length_words, words};
use super::matching::fits;
use super::options::Visits;
use crate::domain::{Activity, ActivityKind};
use crate::plan::{Behaviour, Compiled, CompiledAction, Repeat, THOUSANDTHS};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Points for one activity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payment {
    /// Index of the doing.
    pub(super) doing: usize,
    /// Points before weights, in thousandths.
    pub(super) points: i64,
    /// When a merge dropped it from group scores.
    pub(super) lost_at: Option<Timestamp>,
}

/// Where a rule says what it passed over; nobody listens unless somebody asks why.
pub(super) type Listener<'l, 'a> = Option<&'l mut Vec<Ignored<'a>>>;

/// The activities of an era that a rule asks for, as it was meant.
pub(super) fn claims(
    plan: &Compiled,
    action: &CompiledAction,
    doings: &[Doing<'_>],
    era: Era,
) -> Vec<Claim> {
    let mut visits = Visits::default();
    let asked = action.url_options.is_set();
    let each = doings.iter().enumerate();
    each.filter(|(_, doing)| era.contains(doing.activity.at))
        .filter(|(_, doing)| !(doing.landing && action.kind == ActivityKind::UrlHit))
        .filter(|(_, doing)| fits(plan, action, doing.activity))
        // What is worth nothing is no visit either; the till says why it pays nothing.
        .filter(|(_, doing)| {
            let worthless = doing
                .machine
                .is_some_and(|one| one.worth(&plan.machine) == 0);
            !asked || worthless || visits.next(&action.url_options, doing)
        })
        .map(|(doing, _)| Claim {
            doing,
            lost_at: None,
        })
        .collect()
}

/// What is paid of the claims: machines, repeats, cooldown, diminishing, limits.
pub(super) fn pay<'a>(
    plan: &'a Compiled,
    action: &'a CompiledAction,
    doings: &[Doing<'a>],
    claims: impl IntoIterator<Item = Claim>,
    mut listener: Listener<'_, 'a>,
) -> Vec<Payment> {
    let mut till = Till::new(plan, action);
    let mut payments = Vec::new();
    for claim in claims {
        let doing = &doings[claim.doing];
        match till.pay(doing) {
            Ok((points, cut)) => {
                payments.push(Payment {
                    doing: claim.doing,
                    points,
                    lost_at: claim.lost_at,
                });
                if let (Some(list), Some(why)) = (listener.as_deref_mut(), cut) {
                    list.push(ignored(action, doing.activity, why));
                }
            }
            Err(why) => {
                if let Some(list) = listener.as_deref_mut() {
                    list.push(ignored(action, doing.activity, why()));
                }
            }
        }
    }
    payments
}

fn ignored<'a>(action: &'a CompiledAction, activity: &'a Activity, why: String) -> Ignored<'a> {
    Ignored {
        rule: &action.key.0,
        name: &action.name,
        topic: None,
        activity,
        why,
    }
}

/// Why nothing is paid; put in words only if somebody asks.
type Why<'a> = Box<dyn FnOnce() -> String + 'a>;

/// What a rule has paid so far.
struct Till<'a> {
    plan: &'a Compiled,
    action: &'a CompiledAction,
    limiter: Limiter<'a>,
    items: BTreeSet<Item>,
    payments: usize,
    /// Times that `diminishing` counts: payments, and those for which it pays nothing.
    times: usize,
    last: Option<Timestamp>,
}

/// What "the same" is: the object, else the URL.
type Item = (Option<u32>, Option<String>);

impl<'a> Till<'a> {
    fn new(plan: &'a Compiled, action: &'a CompiledAction) -> Self {
        Self {
            plan,
            action,
            limiter: Limiter::new(&action.limits, &plan.ticks),
            items: BTreeSet::new(),
            payments: 0,
            times: 0,
            last: None,
        }
    }

    /// Points in thousandths, with what was cut off; or why there are none.
    fn pay(&mut self, doing: &Doing<'_>) -> Result<(i64, Option<String>), Why<'a>> {
        let full = self.worth(doing)?;
        let item = self.repeat(doing.activity)?;
        let at = doing.activity.at;
        self.cooled(at)?;
        let points = self.diminished(full)?;
        let allowed = self.limiter.pay(at, points);
        if let Some(limit) = allowed.cut_by.filter(|_| allowed.points == 0) {
            return Err(Box::new(|| words(limit)));
        }
        self.items.extend(item);
        self.payments += 1;
        self.times += 1;
        self.last = Some(at);
        let cut = allowed.cut_by.map(|limit| {
            let lost = points - allowed.points;
            format!("{} of it, {}", super::words::points(lost), words(limit))
        });
        Ok((allowed.points, cut))
    }

    fn worth(&self, doing: &Doing<'_>) -> Result<i64, Why<'a>> {
        let full = i64::from(self.action.points) * THOUSANDTHS;
        let Some(machine) = doing.machine else {
            return Ok(full);
        };
        match i64::from(machine.worth(&self.plan.machine)) {
            0 => Err(Box::new(move || machine.words().to_owned())),
            percent => Ok(full * percent / 100),
        }
    }

    fn repeat(&self, activity: &Activity) -> Result<Option<Item>, Why<'a>> {
        match self.action.repeat {
            // Mautic's own count has looked at that already, contact by contact.
            Repeat::Once if self.payments > 0 && self.plan.behaviour != Behaviour::Mautic => {
                Err(Box::new(|| "it pays once per contact".to_owned()))
            }
            Repeat::Always | Repeat::Once => Ok(None),
            Repeat::PerItem => {
                // A click counts as the hit that it leads to: its email is not what was looked at.
                let hit = self.action.kind == ActivityKind::UrlHit;
                let object = activity.object.filter(|_| !hit);
                let url = || activity.url.clone();
                let item = (object, object.map_or_else(url, |_| None));
                if self.items.contains(&item) {
                    return Err(Box::new(|| "it pays once per item".to_owned()));
                }
                Ok(Some(item))
            }
        }
    }

    fn cooled(&self, at: Timestamp) -> Result<(), Why<'a>> {
        match (self.last, self.action.cooldown) {
            (Some(last), Some(pause)) if at.duration_since(last) < pause => {
                let why = move || format!("it pays again only after {}", length_words(pause));
                Err(Box::new(why))
            }
            _ => Ok(()),
        }
    }

    fn diminished(&mut self, full: i64) -> Result<i64, Why<'a>> {
        let steps = &self.action.diminishing;
        let Some(percent) = steps.get(self.times).or(steps.last()) else {
            return Ok(full);
        };
        if *percent == 0 {
            self.times += 1;
            return Err(Box::new(|| "repeats pay nothing any more".to_owned()));
        }
        Ok(full * i64::from(*percent) / 100)
    }
}

/// What a rule's payments are, by era: topics of one rule may begin anew at other times.
pub(super) type ByEra<'a> = BTreeMap<Era, Paid<'a>>;

/// What a rule paid in an era, and what it passed over if anybody asks.
pub(super) struct Paid<'a> {
    pub(super) payments: Vec<Payment>,
    pub(super) ignored: Vec<Ignored<'a>>,
}
