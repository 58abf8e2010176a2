//! Facts that are neither activities nor about who is who.

use super::{
    super::{adjustments, codec::micros, dirty, targets},
    Applier,
    identity::Identity,
};
use crate::domain::{ContactId, Fact, SegmentId, Sighting};
use crate::store::sqlite::leases;
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
    pub(super) fn shown(&mut self, contact: ContactId) -> Result<Option<ContactId>> {
        if let Identity::MergedInto(_) = self.identity(contact)? {
            return Ok(None);
        }
        self.subject(contact)
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
            Some(contact) => {
                self.tell_anew(contact)?;
                self.see_points(contact, points, at)
            }
            None => Ok(()),
        }
    }

    pub(super) fn see_points(&mut self, contact: ContactId, points: i64, at: i64) -> Result<()> {
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
