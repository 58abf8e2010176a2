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
    /// For any form, in the main points, where the plan writes them.
    pub(crate) const MAIN_FORM: i64 = 7;
    /// What Mautic itself gives main points for any hit.
    pub(crate) const MAUTICS_HIT: i64 = 1;
    /// A contact is in the topic's segment from this score on.
    pub(crate) const ENTER: i64 = 30;
    /// Triggers fire when their topic's score reaches this.
    pub(crate) const FIRE: i64 = 30;
}

/// What differs from plan to plan.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Variant {
    /// Highest score.
    pub(crate) ceiling: i64,
    /// Whether a form pays once per contact.
    pub(crate) form_once: bool,
    /// Whether hits of the page about jobs take points away: then scores fall, too.
    pub(crate) jobs: bool,
    /// Whether what others give counts in groups: then nothing is set, and points are added.
    pub(crate) shared: bool,
    /// Whether the plan writes the main points, and if so, whether what others give counts.
    pub(crate) main: Option<bool>,
    /// Whether topics have groups and segments: if not, nothing of scores is written to Mautic.
    pub(crate) groups: bool,
    /// The plan's triggers, if it has any.
    pub(crate) triggers: Option<Triggers>,
}

/// Triggers of a plan, each of which fires once per contact.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Triggers {
    /// Of a topic with a group: which, and what happens.
    pub(crate) loud: (usize, Does),
    /// Of the topic that has none: nothing is written to Mautic when its score crosses.
    pub(crate) quiet: Does,
}

/// What a trigger does.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is drawn by itself")]
pub(crate) struct Does {
    /// Tags the contact.
    pub(crate) tag: bool,
    /// Adds it to a segment.
    pub(crate) segment: bool,
    /// Has Mautic send it an email.
    pub(crate) email: bool,
    /// Mails somebody.
    pub(crate) mail: bool,
    /// Calls a webhook.
    pub(crate) webhook: bool,
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
    /// Was given points in a topic's group by somebody.
    Given(usize, i64),
    /// Was given main points by somebody.
    GivenMain(i64),
    /// Was given points in a topic by hand, of which Mautic knows nothing.
    ByHand(usize, i64),
}

/// What has a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scored {
    /// A topic, in its group.
    Topic(usize),
    /// The main points.
    Main,
    /// The topic without a group, to which all topics' hits, forms and opens pay.
    Quiet,
}

/// Everything that people did.
#[derive(Debug, Clone)]
pub(crate) struct Oracle {
    variant: Variant,
    topics: usize,
    doings: Vec<(u64, Doing)>,
    /// The step of each.
    steps: Vec<u64>,
    step: u64,
    merged: BTreeMap<u64, u64>,
    /// Whom each was merged into then; Mautic forgets who was between.
    merged_first: BTreeMap<u64, u64>,
    /// When each id was merged away, by the number of the step.
    merged_at: BTreeMap<u64, u64>,
    deleted: BTreeSet<u64>,
    highest: BTreeMap<(u64, Scored), i64>,
    swallowed: Vec<Swallowed>,
    /// Deleted when Mautic was restored from a backup that has them: whoever heard of it remembers.
    deleted_once: BTreeSet<u64>,
    /// Contacts whose points by hand went with merges that were undone, or with people who were lost:
    /// not promised.
    unsure: BTreeSet<u64>,
    /// Ids of the lost that had points by hand, until Mautic is read anew.
    lost_by_hand: BTreeSet<u64>,
    /// Mautic was restored and is not read anew yet: who is merged away can't be told from the lost.
    in_doubt: bool,
    /// Who stood for whom when Mautic was restored: nobody knows better until it is read anew.
    known_merges: BTreeMap<u64, u64>,
}

/// Main points that Mautic logged and did not add.
#[derive(Debug, Clone)]
struct Swallowed {
    contact: u64,
    points: i64,
    /// The contact was merged, or an old backup restored, since: nobody may have looked before.
    hidden: bool,
}

impl Oracle {
    /// Nobody did anything.
    pub(crate) fn new(variant: Variant, topics: usize) -> Self {
        Self {
            variant,
            topics,
            doings: Vec::new(),
            steps: Vec::new(),
            step: 0,
            merged: BTreeMap::new(),
            merged_first: BTreeMap::new(),
            merged_at: BTreeMap::new(),
            deleted: BTreeSet::new(),
            highest: BTreeMap::new(),
            swallowed: Vec::new(),
            deleted_once: BTreeSet::new(),
            unsure: BTreeSet::new(),
            lost_by_hand: BTreeSet::new(),
            in_doubt: false,
            known_merges: BTreeMap::new(),
        }
    }

    /// A contact did something.
    pub(crate) fn did(&mut self, contact: u64, doing: Doing) {
        self.doings.push((contact, doing));
        self.steps.push(self.step);
        self.note_highest();
    }

    /// A new step begins.
    pub(crate) fn begin_step(&mut self, step: u64) {
        self.step = step;
    }

    /// What others gave a contact since a step began: where points are added, that comes on top.
    pub(crate) fn given_since(&self, contact: u64, of: Scored, step: u64) -> i64 {
        let contact = self.who(contact);
        let since = self.doings.iter().zip(&self.steps);
        let since = since.filter(|((by, _), at)| **at >= step && self.who(*by) == contact);
        let points = since.map(|((_, doing), _)| match (of, *doing) {
            (Scored::Topic(topic), Doing::Given(to, points)) if to == topic => points.max(0),
            (Scored::Main, Doing::Hit(_) | Doing::Jobs) => rules::MAUTICS_HIT,
            (Scored::Main, Doing::GivenMain(points)) => points.max(0),
            _ => 0,
        });
        points.sum()
    }

    /// Mautic's merges so far; returns those that are new.
    pub(crate) fn merges(&mut self, merged: &BTreeMap<u64, u64>) -> Vec<(u64, u64)> {
        let new: Vec<_> = merged
            .iter()
            .filter(|(loser, _)| !self.merged_at.contains_key(*loser))
            .map(|(loser, winner)| (*loser, *winner))
            .collect();
        self.merged.clone_from(merged);
        for (loser, winner) in &new {
            self.merged_first.insert(*loser, *winner);
            self.merged_at.insert(*loser, self.step);
            let by_hand = |(of, doing): &(u64, Doing)| {
                self.who(*of) == self.who(*loser) && matches!(doing, Doing::ByHand(..))
            };
            let lost = [loser, winner]
                .iter()
                .any(|id| self.lost_by_hand.contains(id));
            if lost || (self.in_doubt && self.doings.iter().any(by_hand)) {
                self.unsure.extend([*loser, *winner]);
            }
            let both = self.swallowed.iter_mut();
            let both = both.filter(|lost| [*loser, *winner].contains(&lost.contact));
            both.for_each(|lost| (lost.contact, lost.hidden) = (*winner, true));
        }
        self.note_highest();
        new
    }

    /// Mautic logged points for a contact that it did not add, and said that it had.
    pub(crate) fn swallowed(&mut self, contact: u64, points: i64) {
        let contact = self.who(contact);
        self.swallowed.push(Swallowed {
            contact,
            points,
            hidden: false,
        });
    }

    /// An old backup of the store was restored.
    pub(crate) fn restored(&mut self) {
        self.swallowed
            .iter_mut()
            .for_each(|lost| lost.hidden = true);
    }

    /// Mautic was restored from a backup made when this was known, with these contacts.
    pub(crate) fn go_back(&mut self, to: Self, contacts: &BTreeSet<u64>) {
        // Mautic drops the record of a merge with its winner.
        let losers = self.merged_first.keys().copied();
        let losers = losers.filter(|loser| self.deleted.contains(&self.first_who(*loser)));
        let deleted = self.all_deleted().into_iter().chain(losers);
        let deleted = deleted.filter(|contact| {
            let stands_for = to.who(*contact);
            contacts.contains(&stands_for)
        });
        let mut deleted_once: BTreeSet<u64> = deleted.collect();
        deleted_once.extend(&self.deleted_once);
        let ids = contacts
            .iter()
            .copied()
            .chain(self.merged_first.keys().copied());
        let known_merges = ids.map(|id| (id, self.first_who(id))).collect();
        let (now, step) = (self.clone(), self.step);
        *self = Self {
            step,
            in_doubt: true,
            deleted_once,
            known_merges,
            unsure: now.unsure.clone(),
            ..to
        };
        self.restored();
        self.keep_by_hand(&now, contacts);
    }

    /// Whom an id was merged into, and that one, and so on, whether or not Mautic still knows.
    fn first_who(&self, mut contact: u64) -> u64 {
        for _ in 0..=self.merged_first.len() {
            match self.merged_first.get(&contact) {
                Some(winner) => contact = *winner,
                None => break,
            }
        }
        contact
    }

    /// What was given by hand stays with who is the same person.
    fn keep_by_hand(&mut self, now: &Self, contacts: &BTreeSet<u64>) {
        let by_hand = |doing: &Doing| matches!(doing, Doing::ByHand(..));
        let kept: Vec<bool> = self
            .doings
            .iter()
            .map(|(_, doing)| !by_hand(doing))
            .collect();
        let mut kept = kept.into_iter();
        self.steps.retain(|_| kept.next().unwrap_or(true));
        self.doings.retain(|(_, doing)| !by_hand(doing));
        for (contact, doing) in now.doings.iter().filter(|(_, doing)| by_hand(doing)) {
            let (was, is) = (now.first_who(*contact), self.who(*contact));
            if was != is {
                self.unsure.extend([was, is]);
            }
            if contacts.contains(&is) {
                self.did(*contact, *doing);
            } else {
                self.lost_by_hand.insert(*contact);
            }
        }
    }

    /// Whether it is not known what points by hand the contact has.
    pub(crate) fn is_unsure(&self, contact: u64) -> bool {
        let who = self.who(contact);
        self.unsure.iter().any(|unsure| self.who(*unsure) == who)
    }

    /// Mautic is read anew.
    pub(crate) fn read_anew(&mut self) {
        self.known_merges.clear();
        self.lost_by_hand.clear();
        // What was known of points that were not added is forgotten, too.
        self.restored();
    }

    /// Whether Mautic was restored and is not read anew yet.
    pub(crate) fn doubts(&mut self, doubts: bool) {
        self.in_doubt = doubts;
    }

    /// Whether somebody this contact stands for was deleted before Mautic was restored: by whoever
    /// heard of it the contact is ignored for good.
    pub(crate) fn was_deleted_once(&self, contact: u64) -> bool {
        let who = self.who(contact);
        self.deleted_once.iter().any(|once| self.who(*once) == who)
    }

    /// What may be missing of the main points in the end (not promised: see docs/guarantees.md).
    pub(crate) fn may_miss(&self, contact: u64) -> BTreeSet<i64> {
        let of = |lost: &&Swallowed| lost.hidden && self.who(lost.contact) == contact;
        let hidden = self.swallowed.iter().filter(of);
        hidden.fold(BTreeSet::from([0]), |sums, lost| {
            let with = sums.iter().map(|sum| sum + lost.points);
            with.chain(sums.iter().copied()).collect()
        })
    }

    /// A contact was deleted.
    pub(crate) fn deleted(&mut self, contact: u64) {
        self.deleted.insert(contact);
        // By whoever knows merges that were undone, all of them are erased.
        let as_known = |id: &u64| self.known_merges.get(id).copied().unwrap_or(*id);
        let whom = as_known(&contact);
        let ids = self.known_merges.keys().copied();
        let ids: Vec<u64> = ids.filter(|id| as_known(id) == whom).collect();
        self.deleted_once.extend(ids);
    }

    /// The ids of deleted contacts, those merged into them before included.
    pub(crate) fn all_deleted(&self) -> BTreeSet<u64> {
        let losers = self.merged.keys().copied();
        let losers = losers.filter(|loser| self.is_deleted(*loser));
        self.deleted.iter().copied().chain(losers).collect()
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
    pub(crate) fn score(&self, contact: u64, of: Scored) -> i64 {
        self.within(of, self.sum(contact, of, true))
    }

    /// The highest score that could ever have been true: what takes points away may not have
    /// been heard of.
    pub(crate) fn highest(&self, contact: u64, of: Scored) -> i64 {
        let key = (self.who(contact), of);
        self.highest.get(&key).copied().unwrap_or(0)
    }

    /// Whether the contact belongs into the topic's segment.
    pub(crate) fn is_member(&self, contact: u64, topic: usize) -> bool {
        self.score(contact, Scored::Topic(topic)) >= rules::ENTER
    }

    /// How often, at most, a trigger can have fired for all ids that are one contact by now: before
    /// merges were told, each by its own doings.
    pub(crate) fn most_firings(&self, contact: u64, of: Scored) -> u64 {
        self.firings_below(self.who(contact), of).0
    }

    /// Firings of an id and those merged into it, and the points that led to none of them.
    fn firings_below(&self, id: u64, of: Scored) -> (u64, i64) {
        let own = self.doings.iter().filter(|(by, _)| *by == id);
        let own: Vec<Doing> = own.map(|(_, doing)| *doing).collect();
        let (mut firings, mut points) = (0, self.sum_of(&own, of, false));
        let losers = self.merged_first.iter();
        for (loser, _) in losers.filter(|(_, winner)| **winner == id) {
            let (fired, left) = self.firings_below(*loser, of);
            firings += fired;
            points += left;
        }
        if points < rules::FIRE {
            return (firings, points);
        }
        (firings + 1, 0)
    }

    fn within(&self, of: Scored, sum: i64) -> i64 {
        match of {
            Scored::Topic(_) => sum.clamp(0, self.variant.ceiling),
            Scored::Main | Scored::Quiet => sum.max(0),
        }
    }

    fn sum(&self, contact: u64, of: Scored, all: bool) -> i64 {
        let mine = self
            .doings
            .iter()
            .filter(|(by, _)| self.who(*by) == contact);
        let mine: Vec<Doing> = mine.map(|(_, doing)| *doing).collect();
        self.sum_of(&mine, of, all)
    }

    fn sum_of(&self, doings: &[Doing], of: Scored, all: bool) -> i64 {
        match of {
            Scored::Topic(topic) => self.topic_sum(doings, topic, all),
            Scored::Main => self.main_sum(doings),
            Scored::Quiet => quiet_sum(doings),
        }
    }

    fn topic_sum(&self, doings: &[Doing], topic: usize, all: bool) -> i64 {
        let (mut sum, mut forms, mut known) = (0, 0, false);
        for doing in doings {
            match *doing {
                Doing::Hit(of) if of == topic => sum += rules::HIT,
                Doing::Open(of) if of == topic => sum += rules::OPEN,
                Doing::ByHand(of, points) if of == topic => sum += points,
                Doing::Jobs if topic == 0 && self.variant.jobs && all => sum += rules::JOBS,
                Doing::Form(of) => {
                    known = true;
                    forms += i64::from(of == topic);
                }
                Doing::Given(of, points) if of == topic && self.variant.shared => {
                    sum += if all { points } else { points.max(0) };
                }
                _ => {}
            }
        }
        if self.variant.form_once {
            forms = forms.min(1);
        }
        sum + forms * rules::FORM + i64::from(known && topic == 0) * rules::KNOWN
    }

    fn main_sum(&self, doings: &[Doing]) -> i64 {
        let others_count = self.variant.main == Some(true);
        let points = |doing: &Doing| match doing {
            Doing::Form(_) => rules::MAIN_FORM,
            Doing::Hit(_) | Doing::Jobs if others_count => rules::MAUTICS_HIT,
            Doing::GivenMain(points) if others_count => *points,
            _ => 0,
        };
        doings.iter().map(points).sum()
    }

    fn note_highest(&mut self) {
        let contacts: BTreeSet<u64> = self.doings.iter().map(|(by, _)| self.who(*by)).collect();
        let topics = (0..self.topics).map(Scored::Topic);
        let all: Vec<Scored> = topics.chain([Scored::Main, Scored::Quiet]).collect();
        for contact in contacts {
            for of in &all {
                let possible = self.within(*of, self.sum(contact, *of, false));
                let highest = self.highest.entry((contact, *of)).or_default();
                *highest = possible.max(*highest);
            }
        }
    }
}

fn quiet_sum(doings: &[Doing]) -> i64 {
    let points = |doing: &Doing| match doing {
        Doing::Hit(_) => rules::HIT,
        Doing::Form(_) => rules::FORM,
        Doing::Open(_) => rules::OPEN,
        _ => 0,
    };
    doings.iter().map(points).sum()
}
