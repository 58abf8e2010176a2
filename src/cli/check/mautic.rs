//! Mautic: login, version, rights, clock, speed.

use super::Asked;
use super::report::Report;
use crate::cli::probe;
use crate::config::Login;
use crate::mautic::{ContactsQuery, Error, Priority, StatsQuery, wire::ContactField};
use crate::plan::{Plan, ProfileTest};
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Calls timed.
const SAMPLES: usize = 5;
/// Slower than this, Mautic is busy or far away.
const SLOW: Duration = Duration::from_secs(1);
/// A `Date` has whole seconds.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_secs(10);
/// The version whose facts topicscore was built on.
const KNOWN: &str = "5.1.";

/// Whether Mautic lets us in.
pub(super) async fn login(report: &mut Report, asked: &Asked) -> bool {
    let url = &asked.config.mautic.base_url;
    let version = match asked.client.read_version(Priority::Interactive).await {
        Ok(version) => version,
        Err(error) => {
            report.mautic("login", &error);
            return false;
        }
    };
    report.ok("login", format!("{url} lets topicscore in"));
    if matches!(asked.config.mautic.login, Login::Basic { .. }) {
        report.warn(
            "login",
            "a Basic password costs Mautic about half a second of CPU at every call",
            "make OAuth 2 client credentials in Mautic under Settings, API Credentials",
        );
    }
    if version.starts_with(KNOWN) {
        report.ok("version", format!("Mautic {version}"));
    } else {
        report.warn(
            "version",
            format!("Mautic {version}; topicscore was measured against Mautic 5.1"),
            "stay in observe mode and compare scores before you let it write",
        );
    }
    true
}

/// Clock and speed.
pub(super) async fn manners(report: &mut Report, asked: &Asked) {
    let now = || asked.clock.now();
    match probe::clock_ahead(&asked.config.mautic.base_url, now).await {
        Some(ahead) if ahead.abs() > CLOCKS_DIFFER => {
            let message = format!("Mautic's clock and ours differ by {} s", ahead.as_secs());
            report.warn("clock", message, "let both machines keep time by NTP");
        }
        Some(_) => report.ok("clock", "Mautic's clock and ours agree within 10 s"),
        None => report.warn(
            "clock",
            "Mautic's clock could not be read: no Date in its answer",
            "compare the clocks of both machines yourself",
        ),
    }
    match latency(asked).await {
        Ok(median) if median > SLOW => {
            let message = format!("a small call takes {} ms (median of 5)", median.as_millis());
            let hint = "is Mautic busy? Lower budget.in_flight, and look at its slow log";
            report.warn("speed", message, hint);
        }
        Ok(median) => {
            let message = format!("a small call takes {} ms (median of 5)", median.as_millis());
            report.ok("speed", message);
        }
        Err(error) => report.mautic("speed", &error),
    }
}

async fn latency(asked: &Asked) -> Result<Duration, Error> {
    // So that no sample waits for the budget.
    let pause = 1.0 / asked.config.budget.requests_per_second.max(1.0);
    let mut samples = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        sleep(Duration::from_secs_f64(pause)).await;
        let began = Instant::now();
        asked.client.read_version(Priority::Interactive).await?;
        samples.push(began.elapsed());
    }
    samples.sort_unstable();
    Ok(samples[SAMPLES / 2])
}

/// What topicscore reads must be readable; what it may write can only be told of administrators.
pub(super) async fn rights(report: &mut Report, asked: &Asked) {
    let (client, priority) = (&asked.client, Priority::Interactive);
    let contacts = ContactsQuery {
        after: None,
        limit: 1,
        full: false,
        modified_since: None,
        added_since: None,
    };
    let hits = StatsQuery::after("page_hits", 0, 1);
    let mut denied = Vec::new();
    let mut note = |what: &'static str, result: Result<(), Error>| match result {
        Ok(()) => {}
        Err(Error::Status { status: 403, .. }) => denied.push(what),
        Err(error) => report.mautic("rights", &error),
    };
    note(
        "contacts",
        client.contacts(&contacts, priority).await.map(drop),
    );
    note(
        "point groups",
        client.point_groups(priority).await.map(drop),
    );
    note(
        "points",
        client.point_actions(&[], priority).await.map(drop),
    );
    note("segments", client.segments(priority).await.map(drop));
    note("statistics", client.stats(&hits, priority).await.map(drop));
    if asked.config.webhook.register {
        note("webhooks", client.hooks(priority).await.map(drop));
    }
    if denied.is_empty() {
        report.ok("rights", "everything that topicscore reads can be read");
    } else {
        let message = format!("Mautic refuses to show {}", denied.join(", "));
        let hint = "give the role behind the credentials the right to view them (others' too)";
        report.error("rights", message, hint);
    }
    writing(report, asked).await;
}

/// Number fields without decimals, where a rule of the plan compares a field with a fraction.
pub(super) async fn whole_numbers(
    report: &mut Report,
    asked: &Asked,
    plan: &Plan,
) -> BTreeSet<String> {
    let mut tests = plan
        .profile_rules
        .iter()
        .flat_map(|rule| rule.when.leaves());
    let matters = |test: &ProfileTest| match test {
        ProfileTest::Field { test, .. } => test.fraction().is_some(),
        _ => false,
    };
    if !tests.any(matters) {
        return BTreeSet::new();
    }
    match asked.client.contact_fields(Priority::Interactive).await {
        Ok(fields) => {
            let whole = fields.into_iter().filter(ContactField::is_whole);
            whole.map(|field| field.alias).collect()
        }
        Err(error) => {
            let message = format!("Mautic's fields can't be read: {error}");
            let hint = "rules that compare fields with fractions were not looked at; give the role the \
                        right to view custom fields";
            report.warn("plan", message, hint);
            BTreeSet::new()
        }
    }
}

async fn writing(report: &mut Report, asked: &Asked) {
    const NEEDED: &str = "it must be able to edit contacts and segments of others, and to create \
                          and edit webhooks";
    match asked.client.me(Priority::Interactive).await {
        Ok(me) => {
            let role = me.role.filter(|role| role.is_admin);
            if let Some(role) = role {
                report.ok(
                    "rights",
                    format!("{} may write ({})", me.username, role.name),
                );
            } else {
                let message = format!(
                    "{} is no administrator: whether it may write is not known",
                    me.username
                );
                report.warn("rights", message, NEEDED);
            }
        }
        Err(Error::Status { status: 403, .. }) => {
            report.warn(
                "rights",
                "whether topicscore may write is not known",
                NEEDED,
            );
        }
        Err(error) => report.mautic("rights", &error),
    }
}
