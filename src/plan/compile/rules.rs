//! Rules, bound.

use super::super::{
    CompiledAction, CompiledInactivity, CompiledProfileRule, Fade, InactivityRule, PointAction,
    ProfileRule,
};
use super::Binder;

impl Binder<'_> {
    pub(super) fn action(&mut self, index: usize, action: &PointAction) -> Option<CompiledAction> {
        let path = format!("point_action.{index}");
        let pays = self.pays(&action.pays, &path);
        let objects = self.listed(action.kind, &action.objects, &format!("{path}.objects"));
        let when = match &action.when {
            None => Some(None),
            Some(tree) => self
                .activity_tests(tree, action.kind, &format!("{path}.when"))
                .map(Some),
        };
        Some(CompiledAction {
            key: action.key.clone(),
            name: action.name.clone(),
            mautic: action.mautic,
            made_at: action.made_at,
            pays: pays?,
            points: action.points,
            repeat: action.repeat,
            kind: action.kind,
            objects: objects?.into_iter().collect(),
            urls: action.urls.clone(),
            since: action.since,
            until: action.until,
            when: when?,
            limits: action.limits.clone(),
            cooldown: action.cooldown,
            diminishing: action.diminishing.clone(),
            fade: action.decay.map(Fade::new),
            url_options: action.url_options,
        })
    }

    pub(super) fn profile(
        &mut self,
        index: usize,
        rule: &ProfileRule,
    ) -> Option<CompiledProfileRule> {
        let path = format!("profile_rule.{index}");
        let pays = self.pays(&rule.pays, &path);
        let when = self.profile_tests(&rule.when, &path);
        Some(CompiledProfileRule {
            key: rule.key.clone(),
            name: rule.name.clone(),
            pays: pays?,
            points: rule.points,
            when: when?,
        })
    }

    pub(super) fn inactivity(
        &mut self,
        index: usize,
        rule: &InactivityRule,
    ) -> Option<CompiledInactivity> {
        let pays = self.pays(&rule.pays, &format!("inactivity_rule.{index}"));
        Some(CompiledInactivity {
            key: rule.key.clone(),
            name: rule.name.clone(),
            pays: pays?,
            steps: rule.steps.clone(),
            kinds: rule.kinds.clone(),
        })
    }
}
