//! Webhooks: registered, published, right address, reachable.

use super::Asked;
use super::report::Report;
use crate::app::HOOK_NAME;
use crate::cli::probe::{self, Receiver};
use crate::intake::hook;
use crate::mautic::{Priority, wire::Hook};
use jiff::SignedDuration;
use url::Url;

/// Mautic forgives failures of a hook edited since (FACTS 9).
const FORGIVEN: SignedDuration = SignedDuration::from_hours(48);

pub(super) async fn check(report: &mut Report, asked: &Asked) {
    let webhook = &asked.config.webhook;
    let Some(url) = &webhook.public_url else {
        report.warn(
            "hook",
            "webhook.public_url is not set: Mautic can't tell what happens, only polling does",
            "set it to the address at which Mautic reaches /webhook of this machine",
        );
        return;
    };
    reachable(report, url).await;
    if webhook.register {
        registered(report, asked, url).await;
    }
}

async fn reachable(report: &mut Report, url: &Url) {
    match probe::receiver(url).await {
        Receiver::Answers => {
            report.ok("hook", format!("{url} answers, and refuses what is not signed"));
        }
        Receiver::Stranger(status) => report.error(
            "hook",
            format!("{url} answers {status}: that is not topicscore's receiver"),
            "it must lead to http://LISTEN/webhook (webhook.listen); look at the reverse proxy",
        ),
        Receiver::Silent(why) => report.warn(
            "hook",
            format!("{url} does not answer: {why}"),
            "start `topicscore run`; if it runs, look at DNS, firewall and reverse proxy (Mautic may \
             reach the address all the same, if this machine does not)",
        ),
    }
}

async fn registered(report: &mut Report, asked: &Asked, url: &Url) {
    // A refusal is told under rights.
    let Ok(hooks) = asked.client.hooks(Priority::Interactive).await else {
        return;
    };
    let known = match &asked.instance {
        Some(instance) => instance.store.setting(hook::ID).await.unwrap_or_default(),
        None => None,
    };
    let is_ours = |hook: &&Hook| {
        let is_known = known.as_ref().is_some_and(|id| *id == hook.id.to_string());
        hook.name == HOOK_NAME && (is_known || hook.url == url.as_str())
    };
    match hooks.iter().find(is_ours) {
        None => report.warn(
            "hook",
            "no webhook is registered in Mautic yet",
            "`topicscore run` registers it",
        ),
        Some(hook) => state(report, asked, hook, url),
    }
}

fn state(report: &mut Report, asked: &Asked, hook: &Hook, url: &Url) {
    let id = hook.id;
    let mut fine = true;
    if !hook.is_published {
        fine = false;
        let message = format!("Mautic has unpublished webhook {id}: no delivery comes");
        if asked.config.webhook.republish {
            report.warn(
                "hook",
                message,
                "`topicscore run` publishes it again and reads the gap",
            );
        } else {
            report.error(
                "hook",
                message,
                "publish it in Mautic, or set webhook.republish = true",
            );
        }
    }
    if hook.url != url.as_str() {
        fine = false;
        let message = format!("webhook {id} delivers to {}, not to {url}", hook.url);
        report.warn("hook", message, "`topicscore run` corrects it");
    }
    let now = asked.clock.now();
    let edited = hook.modified_at.map(|at| now.duration_since(at));
    if edited.is_none_or(|ago| ago > FORGIVEN) {
        fine = false;
        let message = format!(
            "webhook {id} was not edited for two days: Mautic unpublishes it when a delivery fails"
        );
        report.warn("hook", message, "`topicscore run` edits it daily");
    }
    if fine {
        report.ok("hook", format!("webhook {id} is registered and published"));
    }
}
