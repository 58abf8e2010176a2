//! One item of a webhook as facts.

use super::{
    Decoded, EventType, Fault,
    build::{Hit, activity},
    contact::{Shown, shown},
    enter, json,
};
use crate::{
    domain::{
        Activity, ActivityKey, ActivityKind, ContactId, Fact, SegmentId, SmsId, Source, attribute,
    },
    mautic::wire,
};
use serde_json::Value;

/// Adds what the item tells.
pub(super) fn decode(told: &mut Decoded, event: EventType, item: &Value) -> Result<(), Fault> {
    match event {
        EventType::CompanyDeleted | EventType::CompanySaved => {
            told.ignored += 1;
            Ok(())
        }
        EventType::PageHit => did(told, item, "hit.lead.id", hit),
        EventType::FormSubmitted => did(told, item, "submission.lead.id", submission),
        EventType::EmailOpened => did(told, item, "stat.lead.id", open),
        EventType::EmailSent => did(told, item, "contact.id", send),
        EventType::SmsSent => did(told, item, "contact.id", sms),
        EventType::ContactDeleted => gone(told, item),
        EventType::SegmentChanged => {
            membership(told, item)?;
            contact(told, item, None)
        }
        EventType::PointsChanged => points(told, item),
        EventType::SubscriptionChanged
        | EventType::ContactCompanyChanged
        | EventType::ContactIdentified
        | EventType::ContactUpdated => contact(told, item, None),
    }
}

type Reader = fn(&Value, ContactId) -> Result<Activity, Fault>;

fn did(told: &mut Decoded, item: &Value, who: &str, read: Reader) -> Result<(), Fault> {
    let contact = json::maybe_id(item, who).map(ContactId);
    // Read in any case: what can't be understood is parked, whoever did it.
    let activity = read(item, contact.unwrap_or(ContactId(0)))?;
    if contact.is_some() {
        told.tell(Source::Webhook, Fact::Activity(activity));
    } else {
        told.unattributed += 1;
    }
    Ok(())
}

fn hit(item: &Value, contact: ContactId) -> Result<Activity, Fault> {
    Ok(Hit {
        id: json::row_id(item, "hit.id")?,
        contact,
        at: json::moment(item, "hit.dateHit")?,
        page: json::maybe_id(item, "hit.page.id"),
        email: json::maybe_id(item, "hit.email.id"),
        // `[]` for a click, null otherwise: the redirect itself is never shown (FACTS 74).
        redirect: !json::at(item, "hit.redirect").is_null(),
        url: json::text(item, "hit.url"),
        more: vec![
            (attribute::CODE, json::text(item, "hit.code")),
            (attribute::REFERER, json::text(item, "hit.referer")),
            (attribute::SOURCE, json::text(item, "hit.source")),
            (attribute::SOURCE_ID, json::text(item, "hit.sourceId")),
            (attribute::TRACKING_ID, json::text(item, "hit.trackingId")),
            (attribute::TITLE, json::plain_text(item, "hit.urlTitle")),
            (attribute::USER_AGENT, json::text(item, "hit.userAgent")),
        ],
    }
    .activity())
}

fn submission(item: &Value, contact: ContactId) -> Result<Activity, Fault> {
    let key = ActivityKey::submission(json::row_id(item, "submission.id")?);
    let at = json::moment(item, "submission.dateSubmitted")?;
    let form = json::maybe_id(item, "submission.form.id");
    let results: Vec<(String, Option<String>)> = json::at(item, "submission.results")
        .as_object()
        .into_iter()
        .flatten()
        .map(|(alias, value)| {
            let name = format!("{}{}", attribute::RESULT_PREFIX, alias.replace('\0', ""));
            (
                name,
                wire::text(value).map(|text| super::text::plain(&text)),
            )
        })
        .collect();
    let mut known = vec![
        (attribute::REFERER, json::text(item, "submission.referer")),
        (
            attribute::TRACKING_ID,
            json::text(item, "submission.trackingId"),
        ),
        (attribute::PAGE, json::text(item, "submission.page.id")),
    ];
    known.extend(
        results
            .iter()
            .map(|(name, value)| (name.as_str(), value.clone())),
    );
    Ok(activity(
        key,
        contact,
        at,
        (ActivityKind::FormSubmit, form),
        known,
    ))
}

fn hash(item: &Value, path: &str) -> Result<String, Fault> {
    json::text(item, path).ok_or_else(|| json::fault(item, path, "a tracking hash"))
}

fn open(item: &Value, contact: ContactId) -> Result<Activity, Fault> {
    let count = json::integer(item, "stat.openCount")?;
    let nth = u32::try_from(count)
        .ok()
        .filter(|nth| *nth > 0)
        .ok_or_else(|| json::fault(item, "stat.openCount", "a positive number"))?;
    let key = ActivityKey::open(&hash(item, "stat.trackingHash")?, nth);
    let at = json::moment(item, "stat.lastOpened")?;
    let email = json::maybe_id(item, "stat.email.id");
    let known = vec![
        (attribute::NTH, Some(nth.to_string())),
        (attribute::SOURCE, json::text(item, "stat.source")),
        (attribute::SOURCE_ID, json::text(item, "stat.sourceId")),
    ];
    Ok(activity(
        key,
        contact,
        at,
        (ActivityKind::EmailOpen, email),
        known,
    ))
}

fn send(item: &Value, contact: ContactId) -> Result<Activity, Fault> {
    let key = ActivityKey::send(&hash(item, "idHash")?);
    let at = json::moment(item, "timestamp")?;
    let email = json::maybe_id(item, "email.id");
    let source = json::at(item, "source");
    let known = vec![
        (attribute::SOURCE, wire::text(&source[0])),
        (attribute::SOURCE_ID, wire::text(&source[1])),
    ];
    Ok(activity(
        key,
        contact,
        at,
        (ActivityKind::EmailSend, email),
        known,
    ))
}

fn sms(item: &Value, contact: ContactId) -> Result<Activity, Fault> {
    let sms = json::id(item, "smsId")?;
    let at = json::moment(item, "timestamp")?;
    let key = ActivityKey::message(SmsId(sms), contact, at);
    Ok(activity(
        key,
        contact,
        at,
        (ActivityKind::SmsSend, Some(sms)),
        vec![],
    ))
}

fn gone(told: &mut Decoded, item: &Value) -> Result<(), Fault> {
    let contact = ContactId(json::id(item, "id")?);
    let at = json::moment(item, "timestamp")?;
    told.tell(Source::Webhook, Fact::Gone { contact, at });
    Ok(())
}

fn membership(told: &mut Decoded, item: &Value) -> Result<(), Fault> {
    let member = match json::at(item, "action").as_str() {
        Some("added") => true,
        Some("removed") => false,
        _ => return Err(json::fault(item, "action", "added or removed")),
    };
    let at = json::moment(item, "timestamp")?;
    let (contact, segment) = ("contact.id", "segment.id");
    let (Some(contact), Some(segment)) =
        (json::maybe_id(item, contact), json::maybe_id(item, segment))
    else {
        // One of the two was deleted in the same breath: nothing to be a member of.
        told.ignored += 1;
        return Ok(());
    };
    let (contact, segment) = (ContactId(contact), SegmentId(segment));
    told.tell(
        Source::Webhook,
        Fact::Membership {
            contact,
            segment,
            member,
            at,
        },
    );
    if member {
        let entry = enter::entered(segment, contact, at);
        told.tell(Source::Webhook, Fact::Activity(entry));
    }
    Ok(())
}

fn points(told: &mut Decoded, item: &Value) -> Result<(), Fault> {
    let points = json::integer(item, "points.new_points")?;
    let at = json::moment(item, "timestamp")?;
    if let Some(contact) = json::maybe_id(item, "contact.id").map(ContactId) {
        told.tell(
            Source::Webhook,
            Fact::PointsSeen {
                contact,
                points,
                at,
            },
        );
    }
    contact(told, item, Some(points))
}

/// `points`: the main points, where the contact shows the old ones (FACTS 71).
fn contact(told: &mut Decoded, item: &Value, points: Option<i64>) -> Result<(), Fault> {
    match shown(item, json::moment(item, "timestamp")?)? {
        Shown::Whole(mut profile) => {
            profile.points = points.unwrap_or(profile.points);
            told.tell(Source::Webhook, Fact::Profile(profile));
        }
        Shown::InPart(contact) => {
            told.incomplete.insert(contact);
            told.tell(Source::Webhook, Fact::Mentioned { contact });
        }
        Shown::Nobody => told.unattributed += 1,
    }
    Ok(())
}
