//! Who else writes what topicscore owns, and what its writes may set off.

use super::Asked;
use super::report::Report;
use crate::config::WriteMode;
use crate::mautic::Priority;
use crate::plan::Compiled;
use std::fmt::Display;

pub(super) async fn check(report: &mut Report, asked: &Asked, plan: &Compiled) {
    let owned: Vec<_> = plan.owned_groups().into_iter().collect();
    if owned.is_empty() {
        report.ok("writers", "the plan writes no point group");
        return;
    }
    let actions = match asked
        .client
        .point_actions(&owned, Priority::Interactive)
        .await
    {
        Ok(actions) => actions,
        Err(error) => return report.mautic("writers", &error),
    };
    let both = actions
        .iter()
        .filter(|one| one.is_published && one.group.is_some());
    let both: Vec<_> = both.map(|one| named(one.id, &one.name)).collect();
    if both.is_empty() {
        report.ok(
            "writers",
            "no point action of Mautic pays into the plan's point groups",
        );
    } else {
        let message = format!(
            "Mautic's own point actions pay into point groups of the plan, so both write them: {}",
            both.join(", ")
        );
        let hint = "switch them off in Mautic, or by `topicscore init --take-over`";
        match asked.config.write.mode {
            WriteMode::Observe => report.warn("writers", message, hint),
            WriteMode::Live => report.error("writers", message, hint),
        }
    }
    triggers(report, asked, &owned).await;
}

async fn triggers(report: &mut Report, asked: &Asked, owned: &[crate::domain::GroupId]) {
    let triggers = match asked.client.triggers(owned, Priority::Interactive).await {
        Ok(triggers) => triggers,
        Err(error) => return report.mautic("writers", &error),
    };
    let armed = triggers
        .iter()
        .filter(|one| one.is_published && one.group.is_some() && !one.events.is_empty());
    let armed: Vec<_> = armed.map(|one| named(one.id, &one.name)).collect();
    if armed.is_empty() {
        report.ok(
            "writers",
            "no point trigger of Mautic waits on the plan's point groups",
        );
        return;
    }
    report.warn(
        "writers",
        format!(
            "a write can fire point triggers of Mautic: {}; Mautic 5.1 deletes a trigger's event \
             after it ran for the first contact (mautic/mautic issue 13817)",
            armed.join(", ")
        ),
        "unpublish them, and let a [[segment]] or [[trigger]] of the plan start a campaign instead",
    );
}

fn named(id: impl Display, name: &str) -> String {
    format!("{id} \"{name}\"")
}
