//! Plan + Mautic's names ─▶ [`Compiled`], or everything that cannot be bound.

use super::{
    Catalog, Compiled, CompiledAction, CompiledSegment, CompiledTopic, CompiledTrigger, Condition,
    Named, Plan, PointAction, ProfileRule, Ref, Topic, TopicKey, ownership::Claims,
    parse::objects_key,
};
use crate::diagnostics::{Findings, Severity, one_of, quote};
use crate::domain::{ActivityKind, GroupId, SegmentId};

/// Binds the plan's names to Mautic's ids.
///
/// # Errors
/// Every name that is unknown or ambiguous, every segment that the plan must not write, each
/// with its place in the plan's file.
pub fn compile(plan: &Plan, catalog: &Catalog) -> Result<Compiled, Findings> {
    let (compiled, findings) = bind(plan, catalog);
    findings.judge(compiled).map(|(compiled, _)| compiled)
}

/// What binds, but most likely not as meant: limits to ids that Mautic does not have (any more).
#[must_use]
pub fn doubts(plan: &Plan, catalog: &Catalog) -> Findings {
    let warnings = bind(plan, catalog).1.into_iter();
    let mut doubts = Findings::new();
    doubts.extend(warnings.filter(|one| one.severity == Severity::Warning));
    doubts
}

fn bind(plan: &Plan, catalog: &Catalog) -> (Option<Compiled>, Findings) {
    let mut binder = Binder {
        plan,
        catalog,
        findings: Findings::new(),
        claims: Claims::default(),
    };
    let compiled = binder.bind();
    for (path, message, hint) in binder.claims.conflicts() {
        let finding = plan.places.finding(path, Severity::Error, message, hint);
        binder.findings.push(finding);
    }
    (compiled, binder.findings)
}

struct Binder<'p> {
    plan: &'p Plan,
    catalog: &'p Catalog,
    findings: Findings,
    claims: Claims<u32, String>,
}

/// Things of one sort.
struct Sort<'c> {
    word: &'static str,
    known: &'c [Named],
    /// Whether an id that Mautic does not have is an error. Deleted emails and pages are
    /// none: their activities are still in the journal.
    must_exist: bool,
}

impl Binder<'_> {
    fn bind(&mut self) -> Option<Compiled> {
        let plan = self.plan;
        let topics = each(&plan.topics, |index, topic| self.topic(index, topic));
        let actions = each(&plan.point_actions, |index, action| {
            self.action(index, action)
        });
        let profile = each(&plan.profile_rules, |index, rule| self.profile(index, rule));
        let inactivity = each(&plan.inactivity_rules, |index, rule| {
            let topic = self.position(&rule.topic, &format!("inactivity_rule.{index}"))?;
            Some((topic, rule.clone()))
        });
        let triggers = each(&plan.triggers, |index, _| self.trigger(index));
        let segments = each(&plan.segments, |index, _| self.segment(index));
        Some(Compiled {
            version: plan.version.clone(),
            ticks: plan.ticks.clone(),
            topics: topics?,
            point_actions: actions?,
            profile_rules: profile?,
            inactivity_rules: inactivity?,
            triggers: triggers?,
            segments: segments?,
        })
    }

    fn topic(&mut self, index: usize, topic: &Topic) -> Option<CompiledTopic> {
        let group = match &topic.group {
            None => None,
            Some(group) => {
                let path = format!("topic.{index}.group");
                let id = self.group(group, &path)?;
                self.claims.groups.push((id.0, path));
                Some(id)
            }
        };
        Some(CompiledTopic {
            key: topic.key.clone(),
            label: topic.label.clone(),
            group,
            scale: topic.scale,
            bands: topic.bands.clone(),
        })
    }

    fn action(&mut self, index: usize, action: &PointAction) -> Option<CompiledAction> {
        let topic = self.position(&action.topic, &format!("point_action.{index}"));
        let sort = objects(self.catalog, action.kind);
        let objects = each(&action.objects, |number, object| {
            let path = format!("point_action.{index}.objects.{number}");
            self.id(&sort, object, &path)
        });
        Some(CompiledAction {
            key: action.key.clone(),
            name: action.name.clone(),
            topic: topic?,
            points: action.points,
            repeat: action.repeat,
            kind: action.kind,
            objects: objects?.into_iter().collect(),
            urls: action.urls.clone(),
            since: action.since,
            until: action.until,
        })
    }

    fn profile(&mut self, index: usize, rule: &ProfileRule) -> Option<(usize, ProfileRule)> {
        let topic = self.position(&rule.topic, &format!("profile_rule.{index}"));
        let mut bound = rule.clone();
        if let Condition::InSegment(segment) = &rule.when {
            let path = format!("profile_rule.{index}.segment");
            let id = self.segment_id(segment, &path)?;
            self.claims.asked.push((id.0, path));
            bound.when = Condition::InSegment(Ref::Id(id));
        }
        Some((topic?, bound))
    }

    fn trigger(&mut self, index: usize) -> Option<CompiledTrigger> {
        let trigger = &self.plan.triggers[index];
        let topic = self.position(&trigger.topic, &format!("trigger.{index}"));
        let add_to = self.changed(&trigger.add_to, &format!("trigger.{index}.add_to"));
        let remove_from = self.changed(
            &trigger.remove_from,
            &format!("trigger.{index}.remove_from"),
        );
        let (add_to, remove_from) = (add_to?, remove_from?);
        if add_to.iter().any(|segment| remove_from.contains(segment)) {
            let path = format!("trigger.{index}.remove_from.0");
            let message = "a segment stands in `add_to` and in `remove_from`";
            self.error(&path, message, "keep one of the two");
        }
        Some(CompiledTrigger {
            key: trigger.key.clone(),
            name: trigger.name.clone(),
            topic: topic?,
            at: trigger.at,
            add_to,
            remove_from,
        })
    }

    fn changed(&mut self, segments: &[Ref<SegmentId>], path: &str) -> Option<Vec<SegmentId>> {
        each(segments, |number, segment| {
            let path = format!("{path}.{number}");
            let id = self.static_segment(segment, &path)?;
            self.claims.changed.push((id.0, path));
            Some(id)
        })
    }

    fn segment(&mut self, index: usize) -> Option<CompiledSegment> {
        let rule = &self.plan.segments[index];
        let path = format!("segment.{index}.segment");
        let topic = self.position(&rule.topic, &path);
        let segment = self.static_segment(&rule.segment, &path)?;
        self.claims.declared.push((segment.0, path));
        Some(CompiledSegment {
            segment,
            topic: topic?,
            enter: rule.enter,
            leave: rule.leave,
        })
    }

    /// A segment that the plan may write: one without filters.
    fn static_segment(&mut self, segment: &Ref<SegmentId>, path: &str) -> Option<SegmentId> {
        let id = self.segment_id(segment, path)?;
        if self.catalog.filtered_segments.contains(&id) {
            let name = self.catalog.segment_name(id).unwrap_or_default();
            let message = format!(
                "the segment {} has filters: Mautic keeps it, a plan must not",
                quote(name)
            );
            self.error(
                path,
                message,
                "make a segment without filters in Mautic and name that one",
            );
            return None;
        }
        Some(id)
    }

    fn segment_id(&mut self, segment: &Ref<SegmentId>, path: &str) -> Option<SegmentId> {
        let sort = Sort {
            word: "segment",
            known: &self.catalog.segments,
            must_exist: true,
        };
        self.id(&sort, &segment.clone().map(|id| id.0), path)
            .map(SegmentId)
    }

    fn group(&mut self, group: &Ref<GroupId>, path: &str) -> Option<GroupId> {
        let sort = Sort {
            word: "point group",
            known: &self.catalog.groups,
            must_exist: true,
        };
        self.id(&sort, &group.clone().map(|id| id.0), path)
            .map(GroupId)
    }

    fn id(&mut self, sort: &Sort<'_>, reference: &Ref<u32>, path: &str) -> Option<u32> {
        match reference {
            Ref::Id(id) => self.known_id(sort, *id, path),
            Ref::Name(name) => self.id_of(sort, name, path),
        }
    }

    fn known_id(&mut self, sort: &Sort<'_>, id: u32, path: &str) -> Option<u32> {
        if sort.known.iter().any(|thing| thing.id == id) {
            return Some(id);
        }
        let message = format!("Mautic has no {} with the id {id}", sort.word);
        let hint = format!("look up the {} in Mautic, or write its name", sort.word);
        if sort.must_exist {
            self.error(path, message, hint);
            return None;
        }
        let warning = self
            .plan
            .places
            .finding(path, Severity::Warning, message, hint);
        self.findings.push(warning);
        Some(id)
    }

    fn id_of(&mut self, sort: &Sort<'_>, name: &str, path: &str) -> Option<u32> {
        let named: Vec<u32> = sort
            .known
            .iter()
            .filter(|thing| thing.name == name)
            .map(|thing| thing.id)
            .collect();
        match named.as_slice() {
            [id] => return Some(*id),
            [] => {
                let all: Vec<&str> = sort.known.iter().map(|thing| thing.name.as_str()).collect();
                let message = format!("Mautic has no {} named {}", sort.word, quote(name));
                self.error(path, message, one_of(name, &all));
            }
            several => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                let message = format!("Mautic has several {}s named {}", sort.word, quote(name));
                self.error(
                    path,
                    message,
                    format!("write the id instead: {}", ids.join(" or ")),
                );
            }
        }
        None
    }

    fn position(&mut self, key: &TopicKey, path: &str) -> Option<usize> {
        let position = self.plan.topics.iter().position(|topic| topic.key == *key);
        if position.is_none() {
            let message = format!("there is no topic {}", quote(&key.0));
            self.error(path, message, "name the `key` of a [[topic]]");
        }
        position
    }

    fn error(&mut self, path: &str, message: impl Into<String>, hint: impl Into<String>) {
        let finding = self
            .plan
            .places
            .finding(path, Severity::Error, message, hint);
        self.findings.push(finding);
    }
}

fn objects(catalog: &Catalog, kind: ActivityKind) -> Sort<'_> {
    let (word, known): (_, &[Named]) = match objects_key(kind) {
        Some("pages") => ("page", &catalog.pages),
        Some("emails") => ("email", &catalog.emails),
        Some("forms") => ("form", &catalog.forms),
        Some("assets") => ("asset", &catalog.assets),
        _ => ("object", &[]),
    };
    Sort {
        word,
        known,
        must_exist: false,
    }
}

/// Binds all items, so that all mistakes are found, before it gives up.
fn each<T, U>(items: &[T], mut bind: impl FnMut(usize, &T) -> Option<U>) -> Option<Vec<U>> {
    let bound: Vec<Option<U>> = items
        .iter()
        .enumerate()
        .map(|(index, item)| bind(index, item))
        .collect();
    bound.into_iter().collect()
}
