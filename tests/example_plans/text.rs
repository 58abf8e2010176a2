//! Explanations and firings as text, for people who read snapshots.

use jiff::Timestamp;
use std::fmt::Write;
use topicscore::domain::{Action, Firing};
use topicscore::plan::{Compiled, Named};
use topicscore::scoring::{Evaluation, ExplainedContribution, Explanation};

/// A moment on the plan's clock.
pub(crate) fn local(plan: &Compiled, moment: Timestamp) -> String {
    let zoned = moment.to_zoned(plan.ticks.zone.clone());
    zoned.strftime("%Y-%m-%d %H:%M").to_string()
}

/// Where a contact stands: what is told when it changes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    scores: Vec<(String, i32)>,
    bands: Vec<String>,
    grades: Vec<String>,
    segments: Vec<String>,
}

impl Standing {
    pub(crate) fn of(plan: &Compiled, evaluation: &Evaluation<'_>) -> Self {
        let topics = || plan.topics.iter().zip(&evaluation.topics);
        let scores = topics().map(|(topic, evaluated)| (topic.key.0.clone(), evaluated.score));
        let bands = topics().filter_map(|(topic, evaluated)| {
            let band = &topic.bands.list[evaluated.band?];
            Some(format!("{} is {}", topic.key, band.name))
        });
        let grades = plan.grades.iter().zip(&evaluation.grades);
        let grades = grades.map(|(grade, is)| format!("{} is {is}", grade.key));
        let segments = evaluation.decision.segments.iter();
        let segments = segments.map(|(id, (inside, reason))| {
            let name = plan.names.segment_name(*id).unwrap_or("?");
            let word = if *inside { "in" } else { "out of" };
            // The reason tells scores, which change more often than memberships.
            assert!(!reason.is_empty());
            format!("{word} {name}")
        });
        Self {
            scores: scores.collect(),
            bands: bands.collect(),
            grades: grades.collect(),
            segments: segments.collect(),
        }
    }

    /// Bands, grades and segments that are others than before, with the scores.
    pub(crate) fn news_since(&self, before: &Self) -> Option<String> {
        let now = self.bands.iter().chain(&self.grades).chain(&self.segments);
        let is_old = |one: &&String| {
            let mut old = before
                .bands
                .iter()
                .chain(&before.grades)
                .chain(&before.segments);
            old.any(|old| old == *one)
        };
        let news: Vec<&str> = now.filter(|one| !is_old(one)).map(String::as_str).collect();
        let scores = self
            .scores
            .iter()
            .map(|(topic, score)| format!("{topic} {score}"));
        let scores = scores.collect::<Vec<_>>().join(", ");
        (!news.is_empty()).then(|| format!("{} ({scores})", news.join("; ")))
    }
}

/// A firing: what, since when, why, and what it does.
pub(crate) fn firing(plan: &Compiled, firing: &Firing) -> String {
    let crossed = local(plan, firing.crossed_at);
    let actions = firing.actions.iter().map(|one| action(plan, one));
    let actions = actions.collect::<Vec<_>>().join(", ");
    format!(
        "\"{}\", crossed {crossed}, {}: {actions}",
        firing.name, firing.reason
    )
}

fn action(plan: &Compiled, action: &Action) -> String {
    let names = &plan.names;
    match action {
        Action::AddToSegment { segment } => format!("into {}", name(&names.segments, segment.0)),
        Action::RemoveFromSegment { segment } => {
            format!("out of {}", name(&names.segments, segment.0))
        }
        Action::Tag { add, remove } => {
            let add = add.iter().map(|tag| format!("+{tag}"));
            let remove = remove.iter().map(|tag| format!("-{tag}"));
            format!("tags {}", add.chain(remove).collect::<Vec<_>>().join(" "))
        }
        Action::AddToCampaign { campaign } => {
            format!("into {}", name(&names.campaigns, campaign.0))
        }
        Action::RemoveFromCampaign { campaign } => {
            format!("out of {}", name(&names.campaigns, campaign.0))
        }
        Action::SetStage { stage } => format!("stage {}", name(&names.stages, stage.0)),
        Action::SetOwner { owner } => format!("owner {}", name(&names.users, owner.0)),
        Action::SendEmail { email } => format!("sends {}", name(&names.emails, email.0)),
        Action::SetField { field, value } => format!("{field} = {value}"),
        Action::Mail { to, subject, .. } => format!("mails {to}: {subject}"),
        Action::Webhook { webhook } => format!("calls {webhook}"),
    }
}

fn name(things: &[Named], id: u32) -> &str {
    let thing = things.iter().find(|thing| thing.id == id);
    thing.map_or("?", |thing| &thing.name)
}

/// An explanation: what it is made of, what was passed over, what comes next.
pub(crate) fn explanation(plan: &Compiled, of: &Explanation) -> String {
    let mut text = format!("{}: {} at {}", of.label, of.score, local(plan, of.at));
    if let Some(band) = &of.band {
        write!(text, " ({band})").unwrap();
    }
    text.push('\n');
    for part in &of.contributions {
        writeln!(text, "  {}", contribution(plan, part)).unwrap();
    }
    if of.rounding.0 != 0 {
        writeln!(text, "  {:>7} rounding", of.rounding).unwrap();
    }
    if of.cut != 0 {
        writeln!(text, "  {:>7} floor or ceiling", of.cut).unwrap();
    }
    for one in &of.ignored {
        let (at, name) = (local(plan, one.at), &one.name);
        writeln!(
            text,
            "  passed over {at} {name}: {} ({})",
            one.why, one.activity
        )
        .unwrap();
    }
    match &of.next {
        Some(next) => {
            let at = local(plan, next.at);
            let because = next.because.join("; ");
            write!(text, "  next {at}: {}, for {because}", next.score).unwrap();
        }
        None => text.push_str("  nothing comes next"),
    }
    text
}

fn contribution(plan: &Compiled, part: &ExplainedContribution) -> String {
    let mut text = format!("{:>7}", part.points);
    if part.points != part.earned {
        write!(text, " of {}", part.earned).unwrap();
    }
    write!(text, " {}: {}", part.name, part.because).unwrap();
    if let Some(age) = part.age_days {
        let days = if age == 1 { "day" } else { "days" };
        write!(text, ", {age} {days} old").unwrap();
    }
    if let Some(fades) = &part.fades {
        write!(text, ", {fades}").unwrap();
    }
    if let Some(until) = part.until {
        write!(text, ", until {}", local(plan, until)).unwrap();
    }
    text
}
