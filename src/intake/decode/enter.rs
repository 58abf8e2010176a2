//! Who came into a segment, stage or campaign.

use super::{
    Decoded, Fault,
    build::activity,
    row::{self, Row},
};
use crate::domain::{
    Activity, ActivityKey, ActivityKind, CampaignId, ContactId, Fact, SegmentId, Source,
};
use jiff::Timestamp;

/// What Mautic notes when a contact is taken out of a stage (`LeadModel::removeFromStages`), in
/// its English.
const LEFT_STAGE: &str = "Manually Removed";

/// A row of `lead_lists_leads`.
pub(super) fn member(told: &mut Decoded, row: &Row, asked_at: Timestamp) -> Result<(), Fault> {
    let member = !row::flag(row, "manually_removed");
    let added = row::moment(row, "date_added")?;
    let contact = ContactId(row::id(row, "lead_id")?);
    let segment = SegmentId(row::id(row, "leadlist_id")?);
    let fact = Fact::Membership {
        contact,
        segment,
        member,
        // Mautic does not say when a member was taken out; it was before we asked.
        at: if member { added } else { asked_at },
    };
    told.tell(Source::Poll, fact);
    // Of one who was taken out again the row still says when he came.
    let entry = Fact::Activity(entered(segment, contact, added));
    told.tell(Source::Poll, entry);
    Ok(())
}

/// An entry into a segment.
pub(super) fn entered(segment: SegmentId, contact: ContactId, at: Timestamp) -> Activity {
    let key = ActivityKey::segment(segment, contact, at);
    let kind = (ActivityKind::SegmentEnter, Some(segment.0));
    activity(key, contact, at, kind, vec![])
}

/// A row of `lead_stages_change_log`: into a stage, or out of one.
pub(super) fn stage(told: &mut Decoded, row: &Row) -> Result<(), Fault> {
    let key = ActivityKey::stage(row::row_id(row)?);
    let contact = ContactId(row::id(row, "lead_id")?);
    let at = row::moment(row, "date_added")?;
    let Some(stage) = row::maybe_id(row, "stage_id") else {
        // The stage was deleted since.
        told.ignored += 1;
        return Ok(());
    };
    if row::plain_text(row, "action_name").as_deref() == Some(LEFT_STAGE) {
        told.ignored += 1;
        return Ok(());
    }
    let kind = (ActivityKind::StageEnter, Some(stage));
    let entry = activity(key, contact, at, kind, vec![]);
    told.tell(Source::Poll, Fact::Activity(entry));
    Ok(())
}

/// A row of `campaign_leads`; it stays when the contact leaves.
pub(super) fn campaign(told: &mut Decoded, row: &Row) -> Result<(), Fault> {
    let contact = ContactId(row::id(row, "lead_id")?);
    let campaign = CampaignId(row::id(row, "campaign_id")?);
    let at = row::moment(row, "date_added")?;
    let key = ActivityKey::campaign(campaign, contact, at);
    let kind = (ActivityKind::CampaignEnter, Some(campaign.0));
    let entry = activity(key, contact, at, kind, vec![]);
    told.tell(Source::Poll, Fact::Activity(entry));
    Ok(())
}
