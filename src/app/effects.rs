//! What triggers do: who does it, and what a plan needs of the config for it.

use super::gate::Gate;
use super::instance::Instance;
use super::standstill::unless;
use crate::config::{Config, MailConfig, MailTls};
use crate::diagnostics::{Findings, Severity, quote};
use crate::health::Weight;
use crate::intake::Signals;
use crate::lifecycle::Lifecycle;
use crate::mautic::Dice;
use crate::plan::{Effect, Plan};
use crate::store::Owner;
use crate::wake::Bells;
use crate::writeback::ClientWrites;
use crate::writeback::effects::{
    EffectWorker, HookTarget, HttpHooks, Mailer, SmtpMailer, SmtpSettings, SmtpTls, decide,
};
use std::sync::Arc;

/// Why what fired long ago is not done.
const TOO_OLD: &str = "the trigger fired more than 24 hours before topicscore could act (it was in observe mode, or did \
     not run); have it tried again if it is still of use";

/// What a plan's triggers use and the config does not have: each an error.
#[must_use]
pub fn missing_receivers(plan: &Plan, config: &Config) -> Findings {
    let known = |name: &String| {
        let mut targets = config.webhook_targets.iter();
        targets.any(|target| target.name == *name)
    };
    let mut findings = Findings::new();
    for (index, trigger) in plan.triggers.iter().enumerate() {
        for effect in &trigger.effects {
            let (key, message, hint) = match effect {
                Effect::Webhook(name) if !known(name) => (
                    "webhook",
                    format!("the config has no webhook called {}", quote(name)),
                    "add a [[webhook_target]] with this name, its url and its secret to the config",
                ),
                Effect::Mail { .. } if config.mail.is_none() => (
                    "mail",
                    "the config names no mail server".to_owned(),
                    "add [mail] with host, from, user and password to the config",
                ),
                _ => continue,
            };
            let path = format!("trigger.{index}.{key}");
            let finding = plan.places.finding(&path, Severity::Error, message, hint);
            findings.push(finding);
        }
    }
    findings
}

impl Instance {
    /// Starts the worker. What fired while nothing was done (in observe mode, or while no topicscore
    /// ran) is given up when it is old: a sales mail of three weeks ago is worse than none.
    pub(super) async fn start_effects(
        &self,
        signals: &Signals,
        gate: Gate,
        lifecycle: &mut Lifecycle,
    ) -> anyhow::Result<()> {
        let now = self.clock.now();
        let before = now.saturating_sub(decide::USEFUL)?;
        let expired = self.store.expire_effects(before, TOO_OLD, now).await?;
        if expired > 0 {
            tracing::warn!(
                effects = expired,
                "what triggers do that fired more than 24 hours ago is given up"
            );
        }
        let worker = self.effect_worker(&signals.bells)?;
        let patient = self.patient("effects", &worker.owner, &worker.health);
        let standstill = signals.standstill.clone();
        lifecycle.worker("effects", |stop| {
            unless(standstill, stop, |stop| async move {
                gate.pass(&worker.health, &stop).await;
                patient
                    .run(stop, move |stop| worker.clone().run(stop))
                    .await
            })
        });
        Ok(())
    }

    fn effect_worker(&self, bells: &Bells) -> anyhow::Result<EffectWorker> {
        let clock = Arc::clone(&self.clock);
        let targets = self.config.webhook_targets.iter().map(|target| HookTarget {
            name: target.name.clone(),
            url: target.url.clone(),
            secret: target.secret.clone(),
        });
        let hooks = HttpHooks::new(targets, Arc::clone(&clock)).map_err(anyhow::Error::msg)?;
        let mailer = self.config.mail.as_ref().map(|mail| SmtpMailer {
            settings: smtp(mail),
            clock: Arc::clone(&clock),
        });
        let health = self
            .health
            .component("effects", Weight::Required, None, clock.now());
        Ok(EffectWorker {
            store: Arc::clone(&self.store),
            mautic: Arc::new(ClientWrites {
                client: self.client.clone(),
                clock: Arc::clone(&clock),
                longest_request: self.config.mautic.longest_request,
            }),
            mailer: mailer.map(|mailer| Arc::new(mailer) as Arc<dyn Mailer>),
            hooks: Arc::new(hooks),
            owner: Owner(format!("{}-effects", self.owner.0)),
            instance: self.name(),
            intents: bells.intents.clone(),
            effects: bells.effects.clone(),
            dirty: bells.dirty.clone(),
            metrics: self.metrics.metrics.effects.clone(),
            health,
            chance: Arc::new(Dice),
            clock,
        })
    }
}

fn smtp(mail: &MailConfig) -> SmtpSettings {
    SmtpSettings {
        host: mail.host.clone(),
        port: mail.port,
        tls: match mail.tls {
            MailTls::StartTls => SmtpTls::StartTls,
            MailTls::Implicit => SmtpTls::Implicit,
            MailTls::None => SmtpTls::None,
        },
        login: mail.login.clone(),
        from: mail.from.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test may panic")]

    use super::*;
    use crate::config::{Inputs, WebhookTarget};
    use crate::domain::RuleKey;
    use crate::plan::{Edge, Rearm, Tree, Trigger};
    use std::{collections::BTreeMap, path::Path};

    fn config(more: &str) -> Config {
        let text = format!(
            "[mautic]\nbase_url = 'https://m.example'\nclient_id = 'a'\nclient_secret = 'b'\n{more}"
        );
        let inputs = Inputs {
            file: Path::new("topicscore.toml"),
            text: &text,
            env: &BTreeMap::new(),
            read: &|_| Err("none".to_owned()),
        };
        Config::load(&inputs).unwrap().0
    }

    fn plan() -> Plan {
        let text = "format = 1\n[[topic]]\nkey = 'a'\n";
        let (mut plan, _) = Plan::parse("plan.toml", text).unwrap();
        let mail = Effect::Mail {
            to: "sales@example.test".into(),
            subject: "s".into(),
            text: "t".into(),
        };
        let webhook = |name: &str| Effect::Webhook(name.into());
        plan.triggers = vec![Trigger {
            key: RuleKey("call".into()),
            name: "Call".into(),
            when: Tree::All(Vec::new()),
            edge: Edge::Rising,
            rearm: Rearm::Never,
            dwell: jiff::SignedDuration::ZERO,
            since: None,
            effects: vec![mail, webhook("crm"), webhook("sales")],
        }];
        plan
    }

    #[test]
    fn all_that_the_config_lacks_is_told() {
        let told = |config: &Config| {
            let findings = missing_receivers(&plan(), config);
            let messages = findings.iter().map(|one| one.message.clone());
            messages.collect::<Vec<_>>()
        };
        let mut config = config("");
        let mail = "the config names no mail server";
        let webhook = |name: &str| format!("the config has no webhook called \"{name}\"");
        assert_eq!(told(&config), [mail, &webhook("crm"), &webhook("sales")]);
        config.webhook_targets.push(WebhookTarget {
            name: "crm".into(),
            url: "https://crm.example".parse().unwrap(),
            secret: "x".to_owned().into(),
        });
        assert_eq!(told(&config), [mail, &webhook("sales")]);
        let with_mail = self::config("[mail]\nhost = 'smtp.example'\nfrom = 'a@m.example'\n");
        config.mail = with_mail.mail;
        assert_eq!(told(&config), [webhook("sales")]);
    }
}
