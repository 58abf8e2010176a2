//! One look at some contacts: what Mautic holds, told to the store.

use super::listed::{Listed, Scores};
use crate::clock::Clock;
use crate::domain::{ContactId, Fact, GroupId, SegmentId, Target, Way};
use crate::mautic::{Client, ContactAnswer, Error, Priority};
use crate::plan::{Compiled, Foreign};
use crate::store::{Reading, SharedStore, StoreError};
use crate::wake::Wake;
use crate::writeback::told::tell;
use futures::{StreamExt, stream};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A value read.
type Value = (ContactId, Target, i32);

/// Why nothing could be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Mautic can't be asked now.
    #[error("Mautic can't be read: {0}. {hint}", hint = .0.hint())]
    Mautic(#[from] Error),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Which targets a plan keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Its groups.
    pub groups: BTreeSet<GroupId>,
    /// Whether main points are brought to what the plan says, whoever changed them how.
    pub points: bool,
    /// Targets of which points of others are reported, and left until somebody decides.
    pub reported: BTreeSet<Target>,
    /// Its declared segments, where they are looked at, too.
    pub segments: BTreeSet<SegmentId>,
}

impl Kept {
    /// What a plan keeps.
    #[must_use]
    pub fn of(plan: &Compiled) -> Self {
        let mut kept = Self::default();
        for topic in &plan.topics {
            let Some((target, way)) = topic.target() else {
                continue;
            };
            match target {
                Target::Group(group) => {
                    kept.groups.insert(group);
                }
                // Of main points that others share only logged points are ours.
                Target::Points => kept.points |= way != Way::AddToLogged,
                Target::Segment(_) => {}
            }
            if topic.foreign == Foreign::Report {
                kept.reported.insert(target);
            }
        }
        kept
    }

    /// As [`Kept::of`], with the declared segments. The sweep does without: their members are polled
    /// more often than it comes round.
    #[must_use]
    pub fn with_segments(plan: &Compiled) -> Self {
        Self {
            segments: plan.segments.iter().map(|rule| rule.segment).collect(),
            ..Self::of(plan)
        }
    }
}

/// What a look found.
#[derive(Debug, Default)]
pub struct Looked {
    /// Every kept value that was read. Values of reports that are as expected are left out.
    pub readings: Vec<Reading>,
    /// Ids that Mautic does not know any more.
    pub gone: Vec<ContactId>,
    /// Contacts that could not be read, and why.
    pub unread: Vec<(ContactId, String)>,
    /// Calls made.
    pub calls: u32,
}

/// Looks at contacts.
#[derive(Debug, Clone)]
pub struct Looker {
    /// What is desired.
    pub store: SharedStore,
    /// Mautic.
    pub client: Client,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Rung when a contact vanished.
    pub gone: Wake,
    /// Rung when values became pending.
    pub intents: Wake,
    /// Requests at the same time.
    pub side_by_side: usize,
    /// Whether the store is told; if not, it is only compared with.
    pub tells: bool,
}

impl Looker {
    /// Looks at these contacts, known to the store, by rising id. Group scores are taken from
    /// reports where there are some; what is not as expected there is read once more.
    ///
    /// # Errors
    /// The store's; Mautic's when none of the contacts can be read.
    pub(super) async fn look(
        &self,
        ids: &[ContactId],
        kept: &Kept,
        listed: &mut Option<Listed>,
    ) -> Result<Looked, LookError> {
        let mut looked = Looked::default();
        let asked_at = self.clock.now();
        let points = self.points(ids, &mut looked).await?;
        if kept.points {
            let value = |(contact, points): (&ContactId, &i64)| {
                Some((*contact, Target::Points, i32::try_from(*points).ok()?))
            };
            let values = points.iter().filter_map(value).collect();
            let readings = self.tell(values, kept, asked_at).await?;
            looked.readings.extend(readings);
        }
        let own: Vec<_> = points.into_keys().collect();
        if !kept.segments.is_empty() {
            self.segments(&own, kept, &mut looked).await?;
        }
        if !kept.groups.is_empty() {
            let suspects = self.suspects(own, kept, listed, &mut looked).await?;
            self.groups(&suspects, kept, &mut looked).await?;
        }
        self.vanished(&looked.gone).await?;
        if looked.readings.iter().any(Reading::differs) {
            self.intents.ring();
        }
        Ok(looked)
    }

    /// Main points of those whose ids are still their own. Merged-away ids are in no list
    /// (FACTS 94); asked for alone, the winner answers.
    async fn points(
        &self,
        ids: &[ContactId],
        looked: &mut Looked,
    ) -> Result<BTreeMap<ContactId, i64>, Error> {
        let listed = self
            .client
            .contacts_by_ids(ids, false, Priority::Bulk)
            .await?;
        looked.calls += 1;
        let mut points: BTreeMap<_, _> = listed
            .into_iter()
            .filter_map(|contact| Some((contact.id?, contact.points)))
            .collect();
        for id in ids {
            if points.contains_key(id) {
                continue;
            }
            looked.calls += 1;
            match self.client.contact(*id, Priority::Bulk).await? {
                ContactAnswer::Found(contact) => {
                    points.insert(*id, contact.points);
                }
                ContactAnswer::Merged(_) | ContactAnswer::Gone => looked.gone.push(*id),
            }
        }
        Ok(points)
    }

    /// Who is in which of the kept segments.
    async fn segments(
        &self,
        ids: &[ContactId],
        kept: &Kept,
        looked: &mut Looked,
    ) -> Result<(), LookError> {
        let asked_at = self.clock.now();
        let members = self
            .client
            .memberships(ids, &kept.segments, Priority::Bulk)
            .await?;
        looked.calls += 1;
        let value = |contact: ContactId, segment: SegmentId| {
            let member = members.contains(&(contact, segment));
            (contact, Target::Segment(segment), i32::from(member))
        };
        let of = |&contact| kept.segments.iter().map(move |&one| (contact, one));
        let pairs = ids.iter().flat_map(of);
        let values = pairs.map(|(contact, segment)| value(contact, segment));
        let readings = self.tell(values.collect(), kept, asked_at).await?;
        looked.readings.extend(readings);
        Ok(())
    }

    /// Those whose group scores have to be read one by one: all, or where reports tell scores,
    /// those of which they tell news.
    async fn suspects(
        &self,
        own: Vec<ContactId>,
        kept: &Kept,
        listed: &mut Option<Listed>,
        looked: &mut Looked,
    ) -> Result<Vec<ContactId>, StoreError> {
        let (Some(reports), Some(last)) = (listed.as_mut(), own.last()) else {
            return Ok(own);
        };
        let told = reports.up_to(*last, &self.client, &*self.clock).await;
        let (scores, asked_at, calls) = match told {
            Ok(told) => told,
            Err(why) => {
                tracing::warn!(why, "reading group scores contact by contact instead");
                *listed = None;
                return Ok(own);
            }
        };
        looked.calls += calls;
        let values = own.iter().flat_map(|id| values(*id, kept, &scores));
        let readings = self.store.compare(values.collect(), asked_at).await?;
        let news = readings
            .iter()
            .filter(|one| one.is_news() || (one.differs() && !one.pending));
        let suspects: BTreeSet<_> = news.map(|one| one.contact).collect();
        Ok(suspects.into_iter().collect())
    }

    async fn groups(
        &self,
        ids: &[ContactId],
        kept: &Kept,
        looked: &mut Looked,
    ) -> Result<(), LookError> {
        let reads = stream::iter(ids.iter().copied()).map(|id| async move {
            let asked_at = self.clock.now();
            let read = self.client.group_scores(id, Priority::Bulk).await;
            (id, asked_at, read)
        });
        let reads: Vec<_> = reads.buffered(self.side_by_side.max(1)).collect().await;
        looked.calls += u32::try_from(reads.len()).unwrap_or(u32::MAX);
        let all_failed = reads.iter().all(|(_, _, read)| read.is_err());
        for (id, asked_at, read) in reads {
            match read {
                Ok(scores) => {
                    let score = |score: i64| i32::try_from(score).unwrap_or(i32::MAX);
                    let scores = scores.iter().map(|row| (row.group.id, score(row.score)));
                    let scores = Scores::from([(id, scores.collect())]);
                    let values = values(id, kept, &scores).collect();
                    let readings = self.tell(values, kept, asked_at).await?;
                    looked.readings.extend(readings);
                }
                Err(error) if error.is_contact_not_found() => looked.gone.push(id),
                Err(error) if all_failed => return Err(error.into()),
                Err(error) => looked.unread.push((id, error.to_string())),
            }
        }
        Ok(())
    }

    /// What is reported and left to an administrator is compared only.
    async fn tell(
        &self,
        values: Vec<Value>,
        kept: &Kept,
        asked_at: Timestamp,
    ) -> Result<Vec<Reading>, StoreError> {
        let told = |(_, target, _): &Value| self.tells && !kept.reported.contains(target);
        let (told, compared): (Vec<_>, Vec<_>) = values.into_iter().partition(told);
        let mut readings = self.store.reconcile(told, asked_at).await?;
        readings.extend(self.store.compare(compared, asked_at).await?);
        Ok(readings)
    }

    /// Not taken for deleted at once: the resolver asks Mautic what became of them.
    async fn vanished(&self, gone: &[ContactId]) -> Result<(), StoreError> {
        if !self.tells {
            return Ok(());
        }
        let at = self.clock.now();
        let gone = gone.iter().map(|&contact| Fact::Gone { contact, at });
        tell(&self.store, &self.gone, gone.collect(), at).await
    }
}

/// A contact's scores in all kept groups. A group without a score holds 0 (FACTS 26).
fn values(id: ContactId, kept: &Kept, scores: &Scores) -> impl Iterator<Item = Value> {
    let scores = scores.get(&id);
    let score = move |group| scores.and_then(|scores| scores.get(group)).copied();
    kept.groups
        .iter()
        .map(move |group| (id, Target::Group(*group), score(group).unwrap_or(0)))
}
