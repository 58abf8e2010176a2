//! Conditions, bound.

use super::super::{
    ActivityTest, BoundActivityTest, BoundProfileTest, BoundScoreTest, ProfileTest, Ref, ScoreTest,
    Test, Tree,
};
use super::{Binder, each};
use crate::diagnostics::{Severity, one_of, quote};
use crate::domain::ActivityKind;

impl Binder<'_> {
    pub(super) fn profile_tests(
        &mut self,
        tree: &Tree<ProfileTest>,
        path: &str,
    ) -> Option<Tree<BoundProfileTest>> {
        let mut number = 0;
        tree.map(&mut |test| {
            let path = format!("{path}.when.{number}");
            number += 1;
            self.profile_test(test, path)
        })
    }

    fn profile_test(&mut self, test: &ProfileTest, path: String) -> Option<BoundProfileTest> {
        Some(match test {
            ProfileTest::Field { field, test } => {
                self.doubt_fraction(field, test, &path);
                ProfileTest::Field {
                    field: field.clone(),
                    test: test.clone(),
                }
            }
            ProfileTest::Tag(tag) => ProfileTest::Tag(tag.clone()),
            ProfileTest::Segment(segment) => {
                let id = self.segment_id(segment, &path)?;
                self.claims.asked.push((id.0, path));
                ProfileTest::Segment(id)
            }
            ProfileTest::Stage(stages) => ProfileTest::Stage(each(stages, |item, stage| {
                self.stage(stage, &format!("{path}.{item}"))
            })?),
            ProfileTest::Owner(owners) => ProfileTest::Owner(each(owners, |item, owner| {
                self.user(owner, &format!("{path}.{item}"))
            })?),
            ProfileTest::Company(test) => ProfileTest::Company(test.clone()),
            ProfileTest::Utm { part, test } => ProfileTest::Utm {
                part: *part,
                test: test.clone(),
            },
            ProfileTest::DoNotContact(channel) => ProfileTest::DoNotContact(channel.clone()),
            ProfileTest::MainPoints(test) => ProfileTest::MainPoints(test.clone()),
        })
    }

    /// A field without decimals that is compared with a number that has some.
    fn doubt_fraction(&mut self, field: &str, test: &Test, path: &str) {
        let Some(fraction) = test.fraction() else {
            return;
        };
        if !self.catalog.whole_numbers.contains(field) {
            return;
        }
        let message = format!(
            "Mautic shows only whole numbers of the field {}, never {fraction}",
            quote(field)
        );
        let hint = "give the field decimals in Mautic, or compare it with a whole number";
        let severity = Severity::Warning;
        let warning = self.plan.places.finding(path, severity, message, hint);
        self.findings.push(warning);
    }

    pub(super) fn activity_tests(
        &mut self,
        tree: &Tree<ActivityTest>,
        kind: ActivityKind,
        path: &str,
    ) -> Option<Tree<BoundActivityTest>> {
        let mut number = 0;
        tree.map(&mut |test| {
            let path = format!("{path}.{number}");
            number += 1;
            self.activity_test(test, kind, &path)
        })
    }

    fn activity_test(
        &mut self,
        test: &ActivityTest,
        kind: ActivityKind,
        path: &str,
    ) -> Option<BoundActivityTest> {
        Some(match test {
            ActivityTest::Url(urls) => ActivityTest::Url(urls.clone()),
            ActivityTest::Object(objects) => {
                ActivityTest::Object(self.listed(kind, objects, path)?)
            }
            ActivityTest::Attribute { name, test } => ActivityTest::Attribute {
                name: name.clone(),
                test: test.clone(),
            },
            ActivityTest::Utm { part, test } => ActivityTest::Utm {
                part: *part,
                test: test.clone(),
            },
        })
    }

    /// Objects of a kind, noted as `path.0`, `path.1`, …; of segments the entries are asked for.
    pub(super) fn listed(
        &mut self,
        kind: ActivityKind,
        objects: &[Ref<u32>],
        path: &str,
    ) -> Option<Vec<u32>> {
        let sort = self.objects(kind);
        each(objects, |item, object| {
            let path = format!("{path}.{item}");
            let id = self.id(&sort, object, &path)?;
            if kind == ActivityKind::SegmentEnter {
                self.claims.asked.push((id, path));
            }
            Some(id)
        })
    }

    pub(super) fn score_tests(
        &mut self,
        tree: &Tree<ScoreTest>,
        path: &str,
    ) -> Option<Tree<BoundScoreTest>> {
        tree.map(&mut |test| self.score_test(test, path))
    }

    fn score_test(&mut self, test: &ScoreTest, path: &str) -> Option<BoundScoreTest> {
        Some(match test {
            ScoreTest::AtLeast(topic, score) => {
                ScoreTest::AtLeast(self.position(topic, path)?, *score)
            }
            ScoreTest::Below(topic, score) => ScoreTest::Below(self.position(topic, path)?, *score),
            ScoreTest::Band(topic, names) => {
                let topic = self.position(topic, path)?;
                ScoreTest::Band(topic, each(names, |_, name| self.band(topic, name, path))?)
            }
            ScoreTest::Grade(key, grades) => {
                let index = self.grade_position(key, path)?;
                let all = self.plan.grades[index].all();
                if let Some(odd) = grades.iter().find(|grade| !all.contains(grade)) {
                    let all: Vec<&str> = all.iter().map(String::as_str).collect();
                    let message = format!("{} is no grade of {}", quote(odd), quote(key));
                    self.error(path, message, one_of(odd, &all));
                    return None;
                }
                ScoreTest::Grade(index, grades.clone())
            }
        })
    }

    fn band(&mut self, topic: usize, name: &str, path: &str) -> Option<usize> {
        let bands = &self.plan.topics[topic].bands.list;
        let found = bands.iter().position(|band| band.name == name);
        if found.is_none() {
            let all: Vec<&str> = bands.iter().map(|band| band.name.as_str()).collect();
            let key = &self.plan.topics[topic].key;
            let message = format!("the topic {} has no band {}", quote(&key.0), quote(name));
            self.error(path, message, one_of(name, &all));
        }
        found
    }

    fn grade_position(&mut self, key: &str, path: &str) -> Option<usize> {
        let found = self.plan.grades.iter().position(|grade| grade.key == key);
        if found.is_none() {
            let message = format!("there is no grade {}", quote(key));
            self.error(path, message, "name the `key` of a [[grade]]");
        }
        found
    }
}
