//! Facts that are neither activities nor about who is who.

use super::{
    super::{
        adjustments,
        codec::{from_json, micros, to_json},
        dirty, targets,
    },
    Applier,
    erase::forget_person,
    identity::Identity,
};
use crate::domain::{ContactId, Fact, Profile, SegmentId, Sighting};
use crate::store::sqlite::{leases, privacy::tombstones, rereading};
use crate::store::{Result, Target};
use rusqlite::params;

impl Applier<'_> {
    pub(super) fn sighting(&mut self, sighting: Sighting) -> Result<()> {
        match sighting.fact {
            Fact::Activity(activity) => self.activity(sighting.source, activity),
            Fact::Profile(profile) => self.profile(&profile),
            Fact::Membership {
                contact,
                segment,
                member,
                at,
            } => self.membership(contact, segment, member, micros(at)),
            Fact::PointsSeen {
                contact,
                points,
                at,
            } => self.points_seen(contact, points, micros(at)),
            Fact::PointsLog(row) => self.points_log(&row),
            Fact::Gone { contact, at } => self.gone(contact, micros(at)),
            Fact::Merged { loser, winner, at } => self.merged(loser, winner, micros(at)),
            Fact::Mentioned { contact } => self.mentioned_only(contact),
            Fact::Deleted { contact, at } => self.deleted(contact, micros(at)),
        }
    }

    /// What was shown of a loser before it was merged away says nothing of the winner: `None`.
    fn shown(&mut self, contact: ContactId) -> Result<Option<ContactId>> {
        if let Identity::MergedInto(_) = self.identity(contact)? {
            return Ok(None);
        }
        self.subject(contact)
    }

    /// Mautic gave an id of somebody who was erased to somebody else.
    fn let_in(&mut self, profile: &Profile) -> Result<()> {
        let contact = profile.contact;
        if self.identity(contact)? != Identity::Erased {
            return Ok(());
        }
        let mark = self.tombstones.mark(contact);
        let erased_at = tombstones::erased_at(self.db, mark)?;
        if rereading::is_made_since(self.db, profile, erased_at)? {
            tombstones::remove(self.db, mark)?;
            self.identities.remove(&contact);
            self.let_in.push(mark);
        }
        Ok(())
    }

    /// What is known of a contact; nothing, if its id was another person's before Mautic was restored.
    fn known(&mut self, contact: ContactId, told: &Profile) -> Result<Option<(Profile, String)>> {
        let known: Option<String> = self
            .db
            .prepare_cached("SELECT profile FROM contact WHERE id = ?1")?
            .query_row([contact.0], |row| row.get(0))?;
        let Some(json) = known else {
            return Ok(None);
        };
        let known: Profile = from_json(&json)?;
        if rereading::is_another(&known, told) {
            forget_person(self.db, contact)?;
            self.dirty(contact);
            return Ok(None);
        }
        Ok(Some((known, json)))
    }

    fn profile(&mut self, profile: &Profile) -> Result<()> {
        self.let_in(profile)?;
        let Some(contact) = self.shown(profile.contact)? else {
            return Ok(());
        };
        let known = self.known(contact, profile)?;
        self.see_points(contact, profile.points, micros(profile.as_of))?;
        let text = to_json(profile)?;
        if known.as_ref().is_some_and(|(_, json)| *json == text) {
            return Ok(());
        }
        let newer =
            |(known, json): &(Profile, String)| (known.as_of, json) > (profile.as_of, &text);
        if known.as_ref().is_some_and(newer) {
            return Ok(());
        }
        let another = known.as_ref().is_some_and(|(known, _)| {
            known.added_at.is_some() && known.added_at != profile.added_at
        });
        self.db
            .prepare_cached(
                "UPDATE contact SET profile = ?2,
                     another_since = coalesce(another_since, ?3) WHERE id = ?1",
            )?
            .execute(params![contact.0, text, another.then_some(self.since)])?;
        if known.is_none_or(|(known, _)| differs(known, profile)) {
            self.dirty(contact);
        }
        Ok(())
    }

    fn membership(
        &mut self,
        contact: ContactId,
        segment: SegmentId,
        member: bool,
        at: i64,
    ) -> Result<()> {
        let Some(contact) = self.subject(contact)? else {
            return Ok(());
        };
        let (target, value) = (Target::Segment(segment), i32::from(member));
        let before = targets::load(self.db, contact, target)?;
        let mut after = before.clone();
        if (Some(at), Some(value)) > (before.observed_at, before.observed) {
            after.observed = Some(value);
            after.observed_at = Some(at);
            after.looked = false;
            // A write under way may be what this undoes, or what undoes it.
            let contradicts = before.desired.is_some_and(|desired| desired != value);
            if contradicts && leases::held_since(self.db, contact)?.is_some() {
                after.doubt(leases::doubt_from(self.db, contact, self.since)?);
            }
        } else if before.observed != Some(value) && before.looked && before.may_postdate(at) {
            after.doubt(leases::doubt_from(self.db, contact, self.since)?);
        }
        if adjustments::membership_matters(self.db, segment, &before, &after)?
            || self.never_scored(contact)?
        {
            self.dirty(contact);
        }
        targets::save(self.db, contact, target, &before, after, self.cause())
    }

    /// A contact that nobody scored yet and that does not wait for it.
    fn never_scored(&self, contact: ContactId) -> Result<bool> {
        let scored = self
            .db
            .prepare_cached("SELECT 1 FROM contact WHERE id = ?1 AND plan IS NOT NULL")?
            .exists([contact.0])?;
        Ok(!scored && !dirty::is_dirty(self.db, contact)?)
    }

    fn points_seen(&mut self, contact: ContactId, points: i64, at: i64) -> Result<()> {
        match self.shown(contact)? {
            Some(contact) => self.see_points(contact, points, at),
            None => Ok(()),
        }
    }

    fn see_points(&mut self, contact: ContactId, points: i64, at: i64) -> Result<()> {
        self.db
            .prepare_cached(
                "UPDATE contact SET points = ?2, points_at = ?3
                 WHERE id = ?1 AND (points_at IS NULL OR (points_at, points) < (?3, ?2))",
            )?
            .execute(params![contact.0, points, at])?;
        self.doubt_points(contact, points, at)
    }

    /// Main points that we write and that somebody else changed have to be looked at.
    fn doubt_points(&mut self, contact: ContactId, points: i64, at: i64) -> Result<()> {
        let before = targets::load(self.db, contact, Target::Points)?;
        let expected = before.observed.map(i64::from) == Some(points);
        if before.desired.is_none() || expected || !before.may_postdate(at) {
            return Ok(());
        }
        let mut after = before.clone();
        after.doubt(leases::doubt_from(self.db, contact, self.since)?);
        targets::save(
            self.db,
            contact,
            Target::Points,
            &before,
            after,
            self.cause(),
        )
    }
}

/// Whether anything but the time it was shown differs.
fn differs(mut known: Profile, shown: &Profile) -> bool {
    known.as_of = shown.as_of;
    known != *shown
}
