//! A contact's activities, in order and prepared for the rules.

use super::machine::{Machine, classify};
use crate::domain::{Activity, ActivityKind, ContactId, Snapshot};
use crate::plan::{Behaviour, Compiled};

/// Entries of one contact into the same segment, stage or campaign within so many seconds are one,
/// and so are sendings of one text message: webhook and table may tell another second, and Mautic
/// notes some twice (FACTS N15).
const ONE_ENTRY: i64 = 60;

/// One activity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Doing<'a> {
    pub(super) activity: &'a Activity,
    /// What machine did it, if one.
    pub(super) machine: Option<Machine>,
    /// Who it was then.
    pub(super) done_by: ContactId,
    /// The hit of a tracked page that a click on its link led to: the same visit told twice.
    pub(super) landing: bool,
}

impl Doing<'_> {
    /// Number of its row in Mautic's table.
    pub(super) fn row(&self) -> u64 {
        order(self.activity).1
    }
}

/// A click and the hit it leads to are at most so many seconds apart.
const LANDS_WITHIN: i64 = 60;

/// All activities by time; those of one second by table and row, as Mautic wrote them.
pub(super) fn doings<'a>(plan: &Compiled, history: &'a Snapshot) -> Vec<Doing<'a>> {
    let mut activities: Vec<&Activity> = history.activities.iter().collect();
    activities.sort_by(|a, b| a.at.cmp(&b.at).then_with(|| order(a).cmp(&order(b))));
    activities.dedup_by(|a, b| a.key == b.key);
    one_entry(&mut activities);
    let machines = match plan.behaviour {
        Behaviour::Corrected => classify(&plan.machine, &activities),
        // Mautic takes them for people.
        Behaviour::Mautic => vec![None; activities.len()],
    };
    let landings = landings(&activities);
    let each = activities.into_iter().zip(machines).zip(landings);
    each.map(|((activity, machine), landing)| Doing {
        landing,
        activity,
        machine,
        done_by: history
            .done_by
            .get(&activity.key)
            .copied()
            .unwrap_or(history.contact),
    })
    .collect()
}

/// Rows of one table count up with time; `hit:10` comes after `hit:9`.
fn order(activity: &Activity) -> (&str, u64, &str) {
    let key = activity.key.0.as_str();
    match key.rsplit_once(':') {
        Some((table, number)) => match number.parse() {
            Ok(number) => (table, number, key),
            Err(_) => (key, 0, key),
        },
        None => (key, 0, key),
    }
}

fn one_entry(activities: &mut Vec<&Activity>) {
    let is_entry = |kind| {
        use ActivityKind::{CampaignEnter, SegmentEnter, SmsSend, StageEnter};
        matches!(kind, SegmentEnter | StageEnter | CampaignEnter | SmsSend)
    };
    let mut kept: Vec<&Activity> = Vec::new();
    activities.retain(|activity| {
        if !is_entry(activity.kind) {
            return true;
        }
        let same = |one: &&&Activity| (one.kind, one.object) == (activity.kind, activity.object);
        let last = kept.iter().rev().find(same);
        let again =
            last.is_some_and(|last| activity.at.duration_since(last.at).as_secs() <= ONE_ENTRY);
        if !again {
            kept.push(activity);
        }
        !again
    });
}

/// Mautic appends `ct=…` to a link's target; a tracked page sends that back (SEMANTICS 3, url.hit).
fn landings(activities: &[&Activity]) -> Vec<bool> {
    let mut clicks: Vec<&Activity> = Vec::new();
    let mut landings = Vec::with_capacity(activities.len());
    for activity in activities {
        let target = activity.url.as_deref().and_then(without_ct);
        let landing = activity.kind == ActivityKind::UrlHit
            && target.is_some_and(|target| {
                let near = |click: &&&Activity| {
                    activity.at.duration_since(click.at).as_secs() <= LANDS_WITHIN
                };
                let mut near = clicks.iter().rev().take_while(near);
                near.any(|click| click.url.as_deref() == Some(target.as_str()))
            });
        landings.push(landing);
        if activity.kind == ActivityKind::EmailClick {
            clicks.push(activity);
        }
    }
    landings
}

/// Whether it may be a landing: that hangs on the clicks before it.
pub(super) fn is_landing_like(activity: &Activity) -> bool {
    let target = activity.url.as_deref().and_then(without_ct);
    activity.kind == ActivityKind::UrlHit && target.is_some()
}

/// The URL without Mautic's `ct` parameter; `None` if it has none.
fn without_ct(url: &str) -> Option<String> {
    let (base, query) = url.split_once('?')?;
    let (mine, rest): (Vec<&str>, Vec<&str>) =
        query.split('&').partition(|pair| pair.starts_with("ct="));
    if mine.is_empty() {
        return None;
    }
    let rest = rest.join("&");
    Some(if rest.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{rest}")
    })
}
