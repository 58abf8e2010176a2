//! Where `behaviour = "mautic"` and `"corrected"` differ for the contacts at hand.

use crate::domain::{ContactId, LedgerRow};
use crate::plan::{Behaviour, Compiled};
use crate::scoring::{Evaluation, Reason, evaluate};
use crate::store::{Result, SharedStore, Snapshot};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;

/// Contacts that are read at once, if they did little.
const BLOCK: usize = 500;
/// Once so many activities and rows of points logs are read, those are scored first.
const ROWS: usize = 10_000;

/// What the two behaviours make of the same history.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Behaviours {
    /// Contacts looked at.
    pub contacts: usize,
    /// Contacts for whom a rule gives other points.
    pub differing: usize,
    /// Rules that give other points to at least one contact, by key.
    pub rules: Vec<RuleDifference>,
}

/// What a rule gives under the two behaviours.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleDifference {
    /// Key of the rule.
    pub rule: String,
    /// Its name.
    pub name: String,
    /// Contacts to whom it gives other points.
    pub contacts: usize,
    /// Points that these contacts have of it as Mautic counts.
    pub mautic: f64,
    /// Points that they have of it as was meant.
    pub corrected: f64,
}

/// Scores all contacts of the store both ways.
///
/// # Errors
/// The store's.
pub async fn compare_behaviours(
    store: &SharedStore,
    plan: &Compiled,
    now: Timestamp,
) -> Result<Behaviours> {
    let with = |behaviour| Compiled {
        behaviour,
        ..plan.clone()
    };
    let plans = [with(Behaviour::Mautic), with(Behaviour::Corrected)];
    let mut sums = Sums::default();
    let mut after: Option<ContactId> = None;
    loop {
        let contacts = store.contact_ids(after, BLOCK).await?;
        if contacts.is_empty() {
            return Ok(sums.finish());
        }
        let read = store.histories(&contacts, ROWS, None).await?;
        after = Some(contacts[read.looked_at.clamp(1, contacts.len()) - 1]);
        for snapshot in read.snapshots {
            sums.add(&plans, &snapshot, now);
        }
        // Other work of this process, if there is any, has its turn.
        tokio::task::yield_now().await;
    }
}

/// Points of one rule, in thousandths.
#[derive(Debug, Clone, Default)]
struct Sum {
    name: String,
    contacts: usize,
    points: [i64; 2],
}

#[derive(Debug, Default)]
struct Sums {
    contacts: usize,
    differing: usize,
    rules: BTreeMap<String, Sum>,
}

impl Sums {
    fn add(&mut self, plans: &[Compiled; 2], history: &Snapshot, now: Timestamp) {
        let mut given: BTreeMap<String, Sum> = BTreeMap::new();
        for (side, plan) in plans.iter().enumerate() {
            give(&mut given, side, plan, &evaluate(plan, history, now));
        }
        given.retain(|_, sum| sum.points[0] != sum.points[1]);
        self.contacts += 1;
        self.differing += usize::from(!given.is_empty());
        for (rule, one) in given {
            let sum = self.rules.entry(rule).or_default();
            sum.name = one.name;
            sum.contacts += 1;
            sum.points[0] += one.points[0];
            sum.points[1] += one.points[1];
        }
    }

    fn finish(self) -> Behaviours {
        let rules = self.rules.into_iter().map(|(rule, sum)| RuleDifference {
            rule,
            name: sum.name,
            contacts: sum.contacts,
            mautic: points(sum.points[0]),
            corrected: points(sum.points[1]),
        });
        Behaviours {
            contacts: self.contacts,
            differing: self.differing,
            rules: rules.collect(),
        }
    }
}

/// Adds what an evaluation gives, in thousandths.
fn give(given: &mut BTreeMap<String, Sum>, side: usize, plan: &Compiled, made: &Evaluation<'_>) {
    let parts = made.topics.iter().flat_map(|one| &one.contributions);
    // A total only repeats what its parts have.
    for part in parts.filter(|part| !matches!(part.reason, Reason::Part { .. })) {
        let (rule, name) = match &part.reason {
            Reason::Adopted(ledger) => giver(plan, ledger),
            _ => (part.rule, part.name),
        };
        let sum = given.entry(rule.to_owned()).or_default();
        name.clone_into(&mut sum.name);
        sum.points[side] += part.worth;
    }
}

/// The rule that stands for the action of Mautic's that gave these points.
fn giver<'p>(plan: &'p Compiled, ledger: &LedgerRow) -> (&'p str, &'p str) {
    let action = ledger.row.point_action();
    let mut rules = plan.point_actions.iter();
    let rule = rules.find(|rule| action.is_some() && rule.mautic == action);
    rule.map_or(("mautic", "given in Mautic, by no rule"), |rule| {
        (&rule.key.0, &rule.name)
    })
}

#[allow(
    clippy::cast_precision_loss,
    reason = "shown to people, far below 2^52"
)]
fn points(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}
