//! Points that are added, not set: look, write down, call, and look again where no answer came.

use super::attempt::{Attempt, Made, doubtful, failed, holds, looked_up, put_off};
use super::dispatcher::{Dispatcher, Turn};
use super::mautic::{Answered, CallError, PointsWrite};
use super::points::{LOG_PAGE, Next, Seen, fate, group, is_older, marker, next};
use super::told::tell;
use crate::domain::{
    CallFate, ContactId, ContactIntents, Fact, GroupId, Intent, KnownPoints, NewCall, PointsCall,
    PointsLogRow, Target, Way,
};
use crate::mautic::LoggedPoints;
use crate::metrics::Endpoint;
use crate::store::Result;
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// Until then the poller has read what others gave.
const POLLED: SignedDuration = SignedDuration::from_secs(5);
/// Pause between two looks of which the first told nothing.
const LOOK: SignedDuration = SignedDuration::from_secs(30);

/// So often an answer is taken for older than what we know; then the row that it lacks is gone.
const PATIENCE: u32 = 6;

/// What was read of a contact before its points are changed.
struct Read {
    main: Option<i64>,
    groups: BTreeMap<GroupId, i32>,
    rows: Vec<LoggedPoints>,
}

impl Read {
    fn seen(&self, target: Target) -> Seen<'_> {
        let score = match target {
            Target::Group(group) => self.groups.get(&group).copied().map_or(0, i64::from),
            Target::Points | Target::Segment(_) => self.main.unwrap_or(0),
        };
        Seen {
            score,
            rows: &self.rows,
        }
    }
}

impl Dispatcher {
    /// Brings main points and shared groups to what is desired.
    pub(super) async fn add_points(
        &self,
        claim: &ContactIntents,
        turn: &Turn,
    ) -> Result<Vec<Attempt>> {
        let known = |intent: &Intent| Some((intent.clone(), intent.known.clone()?));
        let intents: Vec<_> = claim.intents.iter().filter_map(known).collect();
        if intents.is_empty() {
            return Ok(Vec::new());
        }
        let read = match self.read_points(claim.contact, &intents).await {
            Ok(read) => read,
            Err(error) => {
                let now = self.clock.now();
                let failed = |(i, _): &(Intent, _)| failed(claim.contact, i, &error, None, now);
                return Ok(intents.iter().map(failed).collect());
            }
        };
        let mut attempts = Vec::with_capacity(intents.len());
        for (intent, known) in &intents {
            // A read may have waited long for its turn: whose the id is, and the score, are old then.
            if turn.is_over() {
                break;
            }
            let seen = read.seen(intent.target);
            attempts.extend(self.bring(claim.contact, intent, known, seen).await?);
        }
        Ok(attempts)
    }

    /// Scores first, then the log: what the log does not tell yet is not in the scores either.
    async fn read_points(
        &self,
        contact: ContactId,
        intents: &[(Intent, KnownPoints)],
    ) -> std::result::Result<Read, CallError> {
        let urgency = intents
            .iter()
            .map(|(i, _)| i.urgency)
            .max()
            .unwrap_or(self.least);
        let attempt = intents.iter().map(|(i, _)| i.attempts).max().unwrap_or(0);
        let asks = |wanted: fn(Target) -> bool| intents.iter().any(|(i, _)| wanted(i.target));
        let main = if asks(|target| target == Target::Points) {
            Some(self.mautic.main_points(contact, attempt, urgency).await?)
        } else {
            None
        };
        let groups = if asks(|target| matches!(target, Target::Group(_))) {
            self.mautic.group_scores(contact, attempt, urgency).await?
        } else {
            BTreeMap::new()
        };
        let oldest = |known: &KnownPoints| {
            let calls = known.open.iter().chain(&known.awaited);
            let before = calls.map(|call| call.newest_row);
            // The newest one itself, too: without it the answer is older than what we know.
            before.chain([known.newest_row.saturating_sub(1)]).min()
        };
        let after = intents.iter().filter_map(|(_, known)| oldest(known)).min();
        let rows = self
            .mautic
            .points_log(contact, after.unwrap_or(0), LOG_PAGE, attempt, urgency)
            .await?;
        Ok(Read { main, groups, rows })
    }

    async fn bring(
        &self,
        contact: ContactId,
        intent: &Intent,
        known: &KnownPoints,
        seen: Seen<'_>,
    ) -> Result<Option<Attempt>> {
        let now = self.clock.now();
        let older = is_older(known, seen.rows);
        let trusts_log = intent.way == Way::AddToLogged && !known.newest_of_group;
        if older && intent.attempts >= PATIENCE && trusts_log {
            return Ok(Some(failed(contact, intent, &went_back(known), None, now)));
        }
        if older && intent.attempts < PATIENCE {
            let why = "Mautic's answer is older than what it said before; is a replica of its database behind?";
            let again = now.saturating_add(POLLED).unwrap_or(now);
            return Ok(Some(put_off(contact, intent, why, again)));
        }
        if !known.open.is_empty() {
            return Ok(Some(self.look_up(contact, intent, known, seen)));
        }
        let delta = match next(intent, known, seen) {
            Next::Nothing => return Ok(Some(holds(contact, intent, intent.desired, false, None))),
            Next::Add(delta) => delta,
            Next::Behind => {
                self.polls.ring();
                if intent.attempts >= PATIENCE {
                    self.tell_of(contact, seen.rows).await?;
                }
                let why = "points that others gave are to be read and counted first";
                let again = now.saturating_add(POLLED).unwrap_or(now);
                return Ok(Some(put_off(contact, intent, why, again)));
            }
            Next::TooFar => {
                let what = format!(
                    "from {} to {} is too far for one call: change the score's range, or Mautic's points",
                    seen.score, intent.desired
                );
                let error = CallError::Refused { what, status: None };
                return Ok(Some(failed(contact, intent, &error, None, now)));
            }
        };
        let newest = seen.rows.iter().map(|row| row.id).max().unwrap_or(0);
        let call = PointsCall {
            marker: marker(contact, intent, delta, &self.owner, now),
            delta,
            before: seen.score,
            newest_row: newest.max(known.newest_row),
            sent_at: now,
            looks: 0,
            moved: false,
        };
        self.call(contact, intent, call).await
    }

    /// Rows that no poll found: they were committed after many others with higher ids.
    async fn tell_of(&self, contact: ContactId, rows: &[LoggedPoints]) -> Result<()> {
        let facts = rows.iter().filter_map(|row| {
            Some(Fact::PointsLog(PointsLogRow {
                id: row.id,
                contact,
                group: row.group,
                delta: row.delta,
                log_type: row.log_type.clone(),
                event_name: row.event_name.clone(),
                action_name: row.action_name.clone(),
                at: row.at?,
            }))
        });
        tell(&self.store, &self.dirty, facts.collect(), self.clock.now()).await
    }

    /// Writes the call down and makes it. `None` if it must not be made any more.
    async fn call(
        &self,
        contact: ContactId,
        intent: &Intent,
        call: PointsCall,
    ) -> Result<Option<Attempt>> {
        let new = NewCall {
            contact,
            target: intent.target,
            generation: intent.generation,
            call: call.clone(),
        };
        if !self
            .store
            .begin_call(&self.owner, new, call.sent_at)
            .await?
        {
            return Ok(None);
        }
        let write = PointsWrite {
            contact,
            group: group(intent.target),
            points: call.delta,
            event_name: &intent.reason,
            action_name: &call.marker,
            attempt: intent.attempts,
            urgency: intent.urgency,
        };
        let made = Made::begin(
            self.clock.now(),
            request(contact, intent.target, call.delta),
        );
        let answer = self.mautic.add_points(write).await;
        self.count(Endpoint::PointsAdd, &answer, &made);
        let after = match &answer {
            Ok(answer) => {
                let expected = call.before.saturating_add(call.delta.into());
                self.read_back(contact, intent, expected, answer).await
            }
            Err(_) => None,
        };
        Ok(Some(
            self.answered(contact, intent, &call, answer, made, after),
        ))
    }

    /// The score after the call. Main points are read back, since Mautic answers well even where they
    /// were not added (`LeadRepository.php`); `None` if that tells nothing.
    async fn read_back(
        &self,
        contact: ContactId,
        intent: &Intent,
        expected: i64,
        answer: &Answered<Option<i64>>,
    ) -> Option<i64> {
        if answer.value.is_some() {
            return answer.value;
        }
        let read = self
            .mautic
            .main_points(contact, intent.attempts, intent.urgency);
        // Else it was not added, or somebody changed them, too: the log has to tell.
        read.await.ok().filter(|after| *after == expected)
    }

    fn answered(
        &self,
        contact: ContactId,
        intent: &Intent,
        call: &PointsCall,
        answer: std::result::Result<Answered<Option<i64>>, CallError>,
        made: Made,
        after: Option<i64>,
    ) -> Attempt {
        let fates = |fate| vec![(call.marker.clone(), fate)];
        match answer {
            Ok(answer) => {
                let record = Some(made.answered(&answer));
                let Some(after) = after else {
                    return doubtful(contact, intent, record, self.clock.now());
                };
                let value = held(intent, call, after);
                let mut attempt = holds(contact, intent, value, true, record);
                attempt.result.fates = fates(CallFate::Applied);
                attempt
            }
            Err(error) => {
                let mut attempt = failed(contact, intent, &error, Some(made), self.clock.now());
                if !error.maybe_applied() {
                    attempt.result.fates = fates(CallFate::NotApplied);
                }
                attempt
            }
        }
    }

    /// Decides what became of a call of which no clear answer came; what is missing then is added
    /// the next time.
    fn look_up(
        &self,
        contact: ContactId,
        intent: &Intent,
        known: &KnownPoints,
        seen: Seen<'_>,
    ) -> Attempt {
        let now = self.clock.now();
        let fates: Vec<_> = known
            .open
            .iter()
            .map(|call| (call, fate(call, intent.target, seen)))
            .collect();
        // What Mautic's database did not take it may not take again.
        let waits = |fate| matches!(fate, CallFate::Unknown | CallFate::LoggedOnly);
        let again = if fates.iter().any(|(_, fate)| waits(*fate)) {
            now.saturating_add(LOOK).unwrap_or(now)
        } else {
            now
        };
        looked_up(contact, intent, &fates, seen.score, now, again)
    }
}

/// What the target holds now. Somebody may have added more meanwhile.
fn held(intent: &Intent, call: &PointsCall, after: i64) -> i32 {
    let more = after - call.before - i64::from(call.delta);
    let held = i64::from(intent.desired) + more;
    i32::try_from(held).unwrap_or(intent.desired)
}

/// The sum of the log can't be trusted, and would be added to again and again.
fn went_back(known: &KnownPoints) -> CallError {
    let row = known.newest_row;
    let what = format!(
        "Mautic's points log lacks row {row}, which it had: was Mautic restored from a backup? Nothing is \
         added to what the log says; `foreign = \"override\"` would go by the points themselves"
    );
    CallError::Refused { what, status: None }
}

fn request(contact: ContactId, target: Target, delta: i32) -> String {
    let operator = if delta < 0 { "minus" } else { "plus" };
    let points = delta.unsigned_abs();
    match group(target) {
        Some(group) => {
            format!("POST /api/contacts/{contact}/points/groups/{group}/{operator}/{points}")
        }
        None => format!("POST /api/contacts/{contact}/points/{operator}/{points}"),
    }
}
