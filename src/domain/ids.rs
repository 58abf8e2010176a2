//! Mautic's numeric ids, one type each, so that a segment is never passed for a contact.

use serde::{Deserialize, Serialize};
use std::{fmt, num::ParseIntError, str::FromStr};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub u32);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )+};
}

ids! {
    /// A contact (Mautic table `leads`). Merging retires the loser's id for ever.
    ContactId,
    /// A point group; marketers call it a topic.
    GroupId,
    /// A segment (Mautic table `lead_lists`).
    SegmentId,
    /// An email.
    EmailId,
    /// A landing page.
    PageId,
    /// A form.
    FormId,
    /// An asset.
    AssetId,
    /// A text message.
    SmsId,
    /// A video.
    VideoId,
    /// A stage.
    StageId,
    /// A campaign.
    CampaignId,
    /// A Mautic user: the owner of a contact.
    UserId,
    /// A point action.
    PointActionId,
    /// A point trigger.
    TriggerId,
}
