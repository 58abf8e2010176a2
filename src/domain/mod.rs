//! The words of the field as types: contacts, activities, profiles, points. PURE.
//!
//! Nothing here knows HTTP, SQL, files or the clock.

mod activity;
mod adjustment;
mod carry;
mod effect;
mod fact;
mod history;
mod ids;
mod intent;
mod keys;
mod mention;
mod points_call;
mod profile;
mod target;
mod went_back;

pub use activity::{Activity, ActivityKey, ActivityKind, Attributes, Source, attribute};
pub use adjustment::{Adjustment, Scope};
pub use carry::{ContactEffects, Effect, EffectId, EffectOutcome, EffectState, Started};
pub use effect::{Action, Firing, Nature};
pub use fact::{Fact, PointsLogRow, Sighting};
pub use history::{Fired, LedgerRow, Merge, Snapshot};
pub use ids::{
    AssetId, CampaignId, ContactId, EmailId, FormId, GroupId, PageId, PointActionId, SegmentId,
    SmsId, StageId, TriggerId, UserId, VideoId,
};
pub use intent::{ContactIntents, Intent, KnownPoints};
pub use keys::{RuleKey, TopicKey};
pub use mention::{numbers, speaks_of};
pub use points_call::{CallFate, NewCall, PointsCall};
pub use profile::{Profile, Utm};
pub use target::{DesiredValue, Target, Urgency, Way};
pub use went_back::{WENT_BACK, WentBack};
