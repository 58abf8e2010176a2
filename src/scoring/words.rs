//! Numbers and things in words, for reasons and explanations.

use crate::domain::{Activity, ActivityKind};
use crate::plan::{Compiled, Named, THOUSANDTHS};
use serde::Serialize;
use std::fmt;

/// Thousandths of a point as people write them: `2.5`, `-3`.
pub(super) fn points(thousandths: i64) -> String {
    let (whole, part) = (thousandths / THOUSANDTHS, (thousandths % THOUSANDTHS).abs());
    if part == 0 {
        return whole.to_string();
    }
    let sign = if thousandths < 0 { "-" } else { "" };
    let digits = format!("{part:03}");
    format!("{sign}{}.{}", whole.abs(), digits.trim_end_matches('0'))
}

/// Points in thousandths, written as a number: `2`, `2.5`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Points(pub i64);

impl Points {
    /// With a sign in front, unless it is nothing: `+2.5`.
    #[must_use]
    pub fn signed(self) -> String {
        let sign = if self.0 > 0 { "+" } else { "" };
        format!("{sign}{self}")
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&points(self.0))
    }
}

impl Serialize for Points {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % THOUSANDTHS == 0 {
            return serializer.serialize_i64(self.0 / THOUSANDTHS);
        }
        #[allow(
            clippy::cast_precision_loss,
            reason = "scores are far below 2^52 thousandths"
        )]
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

/// An activity: `form.submit of Contact us`.
pub(super) fn activity(plan: &Compiled, activity: &Activity) -> String {
    let kind = activity.kind;
    match (&activity.url, activity.object) {
        (Some(url), _) => format!("{kind} {url}"),
        (None, Some(object)) => match name(things(plan, kind), object) {
            Some(name) => format!("{kind} of {name}"),
            None => format!("{kind} of {object}"),
        },
        (None, None) => kind.to_string(),
    }
}

fn things(plan: &Compiled, kind: ActivityKind) -> &[Named] {
    let names = &plan.names;
    match kind {
        ActivityKind::PageHit => &names.pages,
        ActivityKind::EmailClick | ActivityKind::EmailOpen | ActivityKind::EmailSend => {
            &names.emails
        }
        ActivityKind::FormSubmit => &names.forms,
        ActivityKind::AssetDownload => &names.assets,
        ActivityKind::SmsSend => &names.messages,
        ActivityKind::SegmentEnter => &names.segments,
        ActivityKind::StageEnter => &names.stages,
        ActivityKind::CampaignEnter => &names.campaigns,
        ActivityKind::UrlHit | ActivityKind::VideoPlay => &[],
    }
}

/// The name of a thing of Mautic's.
pub(super) fn name(things: &[Named], id: u32) -> Option<&str> {
    let thing = things.iter().find(|thing| thing.id == id)?;
    Some(thing.name.as_str())
}

#[cfg(test)]
mod tests {
    use super::{Points, points};

    #[test]
    fn points_are_written_short() {
        for (thousandths, text) in [
            (0, "0"),
            (2_000, "2"),
            (2_500, "2.5"),
            (-500, "-0.5"),
            (-3_000, "-3"),
            (1_001, "1.001"),
        ] {
            assert_eq!(points(thousandths), text);
            let plus = if thousandths > 0 { "+" } else { "" };
            assert_eq!(Points(thousandths).signed(), format!("{plus}{text}"));
        }
    }
}
