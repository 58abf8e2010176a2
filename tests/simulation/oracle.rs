//! What must come out, from the list of what people did, by plain loops. Knows nothing of how the
//! product reads plans or scores: only the numbers of [`rules`], which the plan's text uses, too.

use std::collections::{BTreeMap, BTreeSet};

/// The numbers of the plan.
pub(crate) mod rules {
    /// For a hit of a topic's pages.
    pub(crate) const HIT: i64 = 3;
    /// For a hit of the page about jobs; of the first topic, in plans that take points away.
    pub(crate) const JOBS: i64 = -7;
    /// For a form.
    pub(crate) const FORM: i64 = 20;
    /// For an opened email.
    pub(crate) const OPEN: i64 = 4;
    /// For having an address; in the first topic.
    pub(crate) const KNOWN: i64 = 5;
    /// A contact is in the topic's segment from this score on.
    pub(crate) const ENTER: i64 = 30;
}

/// What differs from plan to plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Variant {
    /// Highest score.
    pub(crate) ceiling: i64,
    /// Whether a form pays once per contact.
    pub(crate) form_once: bool,
    /// Whether hits of the page about jobs take points away: then scores fall, too.
    pub(crate) jobs: bool,
}

/// What somebody did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Looked at a page of a topic.
    Hit(usize),
    /// Looked at the page about jobs.
    Jobs,
    /// Submitted a topic's form, with an address.
    Form(usize),
    /// Opened a topic's email.
    Open(usize),
}

/// Everything that people did.
#[derive(Debug)]
pub(crate) struct Oracle {
    variant: Variant,
    topics: usize,
    doings: Vec<(u64, Doing)>,
    merged: BTreeMap<u64, u64>,
    /// When each id was merged away, by the number of the step.
    merged_at: BTreeMap<u64, u64>,
    deleted: BTreeSet<u64>,
    highest: BTreeMap<(u64, usize), i64>,
}

impl Oracle {
    /// Nobody did anything.
    pub(crate) fn new(variant: Variant, topics: usize) -> Self {
        Self {
            variant,
            topics,
            doings: Vec::new(),
            merged: BTreeMap::new(),
            merged_at: BTreeMap::new(),
            deleted: BTreeSet::new(),
            highest: BTreeMap::new(),
        }
    }

    /// A contact did something.
    pub(crate) fn did(&mut self, contact: u64, doing: Doing) {
        self.doings.push((contact, doing));
        self.note_highest();
    }

    /// Mautic's merges so far; returns those that are new.
    pub(crate) fn merges(&mut self, merged: &BTreeMap<u64, u64>, step: u64) -> Vec<(u64, u64)> {
        let new: Vec<_> = merged
            .iter()
            .filter(|(loser, _)| !self.merged_at.contains_key(*loser))
            .map(|(loser, winner)| (*loser, *winner))
            .collect();
        self.merged.clone_from(merged);
        for (loser, _) in &new {
            self.merged_at.insert(*loser, step);
        }
        self.note_highest();
        new
    }

    /// A contact was deleted.
    pub(crate) fn deleted(&mut self, contact: u64) {
        self.deleted.insert(contact);
    }

    /// The step in which an id was merged away, if it was.
    pub(crate) fn merged_in(&self, contact: u64) -> Option<u64> {
        self.merged_at.get(&contact).copied()
    }

    /// The contact that an id stands for now.
    pub(crate) fn who(&self, contact: u64) -> u64 {
        let mut who = contact;
        // No chain is longer than there are merges.
        for _ in 0..self.merged.len() {
            match self.merged.get(&who) {
                Some(winner) => who = *winner,
                None => break,
            }
        }
        who
    }

    /// Whether the contact was deleted.
    pub(crate) fn is_deleted(&self, contact: u64) -> bool {
        self.deleted.contains(&self.who(contact))
    }

    /// Whether the contact ever told its address.
    pub(crate) fn is_known(&self, contact: u64) -> bool {
        let told = |(by, doing): &(u64, Doing)| {
            matches!(doing, Doing::Form(_)) && self.who(*by) == contact
        };
        self.doings.iter().any(told)
    }

    /// The true score of a contact.
    pub(crate) fn score(&self, contact: u64, topic: usize) -> i64 {
        self.sum(contact, topic, true)
            .clamp(0, self.variant.ceiling)
    }

    /// The highest score that could ever have been true: what takes points away may not have
    /// been heard of.
    pub(crate) fn highest(&self, contact: u64, topic: usize) -> i64 {
        let key = (self.who(contact), topic);
        self.highest.get(&key).copied().unwrap_or(0)
    }

    /// Whether the contact belongs into the topic's segment.
    pub(crate) fn is_member(&self, contact: u64, topic: usize) -> bool {
        self.score(contact, topic) >= rules::ENTER
    }

    fn sum(&self, contact: u64, topic: usize, all: bool) -> i64 {
        let (mut sum, mut forms, mut known) = (0, 0, false);
        for (by, doing) in &self.doings {
            if self.who(*by) != contact {
                continue;
            }
            match doing {
                Doing::Hit(of) if *of == topic => sum += rules::HIT,
                Doing::Open(of) if *of == topic => sum += rules::OPEN,
                Doing::Jobs if topic == 0 && self.variant.jobs && all => sum += rules::JOBS,
                Doing::Form(of) => {
                    known = true;
                    forms += i64::from(*of == topic);
                }
                _ => {}
            }
        }
        if self.variant.form_once {
            forms = forms.min(1);
        }
        sum + forms * rules::FORM + i64::from(known && topic == 0) * rules::KNOWN
    }

    fn note_highest(&mut self) {
        let contacts: BTreeSet<u64> = self.doings.iter().map(|(by, _)| self.who(*by)).collect();
        for contact in contacts {
            for topic in 0..self.topics {
                let possible = self.sum(contact, topic, false);
                let possible = possible.clamp(0, self.variant.ceiling);
                let highest = self.highest.entry((contact, topic)).or_default();
                *highest = possible.max(*highest);
            }
        }
    }
}
