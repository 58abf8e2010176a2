//! What triggers do: kept with the scores that fired them, carried out once.

use super::{Owner, Result};
use crate::domain::{ContactEffects, ContactId, Effect, EffectId, EffectOutcome, EffectState};
use jiff::Timestamp;

/// Which effects to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EffectQuery {
    /// Only of this contact (the winner's, if a merged-away id is asked for).
    pub contact: Option<ContactId>,
    /// Only in one of these states; empty: in any.
    pub states: Vec<EffectState>,
}

/// Keeps effects.
///
/// They come into being in the transaction of the [`ScoreCommit`](super::ScoreCommit) whose trigger
/// fires: one for each action, once for each crossing. In a merge they move to the winner; where
/// both have one of the same crossing, the one that was begun stays. They go with an erased contact.
#[async_trait::async_trait]
pub trait Effects: Send + Sync {
    /// Takes the effects of up to `limit` contacts, most urgent first, then oldest: of contacts
    /// that nobody holds (nor their intents), and that have no pending intent that is not parked,
    /// since what an effect sets going may read scores. Of each lane (`Action::lane`) of a contact
    /// those before the first whose time has not come; in the order in which they are to be done.
    ///
    /// Some may have been started by somebody who died before he knew the outcome. Give the
    /// contacts back by [`Outbox::release`](super::Outbox::release).
    async fn claim_effects(
        &self,
        owner: &Owner,
        limit: usize,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<ContactEffects>>;

    /// To be called before what can't be undone is done: from now on it is never done again
    /// without being looked up. `false` if it must not be done: it is not pending any more, or its
    /// contact's lease is not `owner`'s.
    async fn mark_started(
        &self,
        owner: &Owner,
        effect: EffectId,
        mark: Option<u64>,
        now: Timestamp,
    ) -> Result<bool>;

    /// Everything that happened before is read and scored. Was an old backup of the store restored, or
    /// Mautic read anew, what can't be undone is left to an administrator for crossings before
    /// that, and until now also for those of which nobody knows when they were.
    async fn caught_up(&self, now: Timestamp) -> Result<()>;

    /// Keeps how an attempt ended. That it was done is kept even where it had been given up
    /// meanwhile; anything else only of an effect that is pending or started.
    async fn finish_effect(
        &self,
        effect: EffectId,
        outcome: EffectOutcome,
        now: Timestamp,
    ) -> Result<()>;

    /// The time at which the next waiting effect may be tried.
    async fn next_effect_due(&self, now: Timestamp) -> Result<Option<Timestamp>>;

    /// Gives up what can't be undone, was wanted before this moment and never tried. Returns how many.
    async fn expire_effects(
        &self,
        wanted_before: Timestamp,
        why: &str,
        now: Timestamp,
    ) -> Result<u64>;

    /// Effects, newest first.
    async fn effects(&self, query: &EffectQuery, limit: usize) -> Result<Vec<Effect>>;

    /// Tries an effect anew that is failed, unknown or expired: an administrator has decided so.
    /// `false` if there is none such.
    async fn retry_effect(&self, effect: EffectId, now: Timestamp) -> Result<bool>;
}
