//! What a trigger does.

use super::super::{Effect, Ref};
use super::context::Context;
use super::mail::read_mails;
use super::refs::{read_names, read_noted, read_refs, told};
use crate::diagnostics::{Severity, Table, Value};
use crate::domain::{CampaignId, EmailId, SegmentId, StageId, UserId};
use toml::de::DeValue;

const EFFECT_HINT: &str =
    "add `add_to = [\"A segment\"]`, `add_tags = [\"hot\"]`, `stage = \"MQL\"`, …";
const TAGS_HINT: &str = "write a list of tags: [\"hot\", \"sales\"]";
const FIELDS_HINT: &str = "write { alias = \"value\" }; the alias as Mautic shows it";

const KEYS: [&str; 12] = [
    "fields",
    "owner",
    "stage",
    "add_tags",
    "remove_tags",
    "add_to",
    "remove_from",
    "add_to_campaigns",
    "remove_from_campaigns",
    "send_email",
    "mail",
    "webhook",
];

/// A trigger whose effects are being read.
struct Reader<'r, 'a, 's> {
    context: &'r Context<'r, 's>,
    table: &'r Table<'a, 's>,
    path: String,
    effects: Vec<Effect>,
    /// Something was wrong and is reported.
    told: bool,
}

/// Reads all effects of a trigger, in the order in which they are carried out: what the contact
/// is first, then where it goes, then what people hear of it. At least one.
pub(super) fn read_effects<'s>(
    context: &Context<'_, 's>,
    index: usize,
    table: &Table<'_, 's>,
) -> Option<Vec<Effect>> {
    let mut reader = Reader {
        context,
        table,
        path: format!("trigger.{index}"),
        effects: Vec::new(),
        told: false,
    };
    reader.fields();
    reader.owner();
    reader.stage();
    reader.tags();
    reader.segments();
    reader.campaigns();
    reader.emails();
    reader.mails();
    reader.webhooks();
    if reader.told {
        return None;
    }
    if reader.effects.is_empty() {
        if !table.may_mean(&KEYS) {
            let message = "this trigger does nothing";
            let sheet = table.sheet;
            sheet.together(&table.span, Severity::Error, message, EFFECT_HINT);
        }
        return None;
    }
    Some(reader.effects)
}

impl<'a, 's> Reader<'_, 'a, 's> {
    /// Keeps what was read; `None` was reported.
    fn keep<T>(&mut self, read: Option<T>) -> Option<T> {
        self.told |= read.is_none();
        read
    }

    fn fields(&mut self) {
        let Some(value) = self.table.get("fields") else {
            return;
        };
        let Some(fields) = self.keep(value.table(FIELDS_HINT)) else {
            return;
        };
        let entries = fields.entries();
        if entries.is_empty() {
            value.error("`fields` is empty", FIELDS_HINT);
            self.told = true;
        }
        for (alias, span, value) in entries {
            self.context.change("field", alias, span);
            if let Some(value) = self.keep(read_value(&value)) {
                let field = alias.to_owned();
                self.effects.push(Effect::SetField { field, value });
            }
        }
    }

    fn owner(&mut self) {
        if let Some((owner, _)) = self.one("owner", "user") {
            self.effects.push(Effect::SetOwner(owner.map(UserId)));
        }
    }

    fn stage(&mut self) {
        if let Some((stage, value)) = self.one("stage", "stage") {
            self.context.change("stage", &told(&stage), value.span());
            self.effects.push(Effect::SetStage(stage.map(StageId)));
        }
    }

    fn one(&mut self, key: &'static str, what: &str) -> Option<(Ref<u32>, Value<'a, 's>)> {
        let value = self.table.get(key)?;
        let path = format!("{}.{key}", self.path);
        let read = read_noted(self.context, &value, &path, what);
        Some((self.keep(read)?, value))
    }

    fn tags(&mut self) {
        let [add, remove] = ["add_tags", "remove_tags"].map(|key| self.tag_list(key));
        let again = |tag: &String| {
            let same = |other: &String| other.to_lowercase() == tag.to_lowercase();
            add.iter().any(same)
        };
        if remove.iter().any(again) {
            self.contradiction("a tag", "add_tags", "remove_tags");
        } else if !add.is_empty() || !remove.is_empty() {
            self.effects.push(Effect::Tag { add, remove });
        }
    }

    fn tag_list(&mut self, key: &'static str) -> Vec<String> {
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let Some(tags) = self.keep(read_names(&value, TAGS_HINT)) else {
            return Vec::new();
        };
        for (tag, item) in tags
            .iter()
            .zip(value.one_or_more(TAGS_HINT).unwrap_or_default())
        {
            self.context.change("tag", &tag.to_lowercase(), item.span());
            // Mautic's API takes a tag away if its name begins so (TagModel, FACTS 116).
            if tag.starts_with('-') {
                let message = "Mautic reads a tag that begins with - as one to take away";
                item.error(message, "use `remove_tags`, without the -");
                self.told = true;
            }
        }
        tags
    }

    fn segments(&mut self) {
        let [add, remove] = self.pair("segment", ["add_to", "remove_from"]);
        let mut claims = self.context.claims.borrow_mut();
        for (segment, span) in add.iter().chain(&remove) {
            claims.changed.push((segment.clone(), span.clone()));
        }
        drop(claims);
        let added = add
            .into_iter()
            .map(|(one, _)| Effect::AddToSegment(one.map(SegmentId)));
        self.effects.extend(added);
        let removed = remove.into_iter();
        let removed = removed.map(|(one, _)| Effect::RemoveFromSegment(one.map(SegmentId)));
        self.effects.extend(removed);
    }

    fn campaigns(&mut self) {
        let keys = ["add_to_campaigns", "remove_from_campaigns"];
        let [add, remove] = self.pair("campaign", keys);
        for (campaign, span) in &add {
            self.context
                .change("campaign", &told(campaign), span.clone());
        }
        let added = add
            .into_iter()
            .map(|(one, _)| Effect::AddToCampaign(one.map(CampaignId)));
        self.effects.extend(added);
        let removed = remove.into_iter();
        let removed = removed.map(|(one, _)| Effect::RemoveFromCampaign(one.map(CampaignId)));
        self.effects.extend(removed);
    }

    /// Two lists that must not share anything.
    fn pair(&mut self, what: &str, keys: [&'static str; 2]) -> [Vec<Placed>; 2] {
        let [add, remove] = keys.map(|key| self.list(key, what));
        let shared = remove
            .iter()
            .any(|(one, _)| add.iter().any(|(other, _)| one == other));
        if shared {
            self.contradiction(&format!("a {what}"), keys[0], keys[1]);
        }
        [add, remove]
    }

    fn list(&mut self, key: &'static str, what: &str) -> Vec<Placed> {
        let Some(value) = self.table.get(key) else {
            return Vec::new();
        };
        let path = format!("{}.{key}", self.path);
        let read = read_refs(self.context, &value, &path, what, EFFECT_HINT);
        let refs = self.keep(read).unwrap_or_default();
        let items = value.one_or_more(EFFECT_HINT).unwrap_or_default();
        let spans = items.iter().map(Value::span);
        refs.into_iter().zip(spans).collect()
    }

    fn contradiction(&mut self, what: &str, add: &str, remove: &'static str) {
        if let Some(value) = self.table.get(remove) {
            let message = format!("{what} stands in `{add}` and in `{remove}`");
            value.error(message, "keep one of the two");
        }
        self.told = true;
    }

    fn emails(&mut self) {
        let emails = self.list("send_email", "email").into_iter();
        let emails = emails.map(|(one, _)| Effect::SendEmail(one.map(EmailId)));
        self.effects.extend(emails);
    }

    fn mails(&mut self) {
        if let Some(value) = self.table.get("mail") {
            let mails = read_mails(self.context, &value);
            let mails = self.keep(mails).unwrap_or_default();
            self.effects.extend(mails);
        }
    }

    fn webhooks(&mut self) {
        if let Some(value) = self.table.get("webhook") {
            let hint = "write the name of a webhook of the configuration";
            let names = self.keep(read_names(&value, hint)).unwrap_or_default();
            self.effects.extend(names.into_iter().map(Effect::Webhook));
        }
    }
}

/// A reference and where it stands.
type Placed = (Ref<u32>, super::context::Span);

/// The value of a field as text; Mautic keeps yes as 1 and no as 0.
fn read_value(value: &Value<'_, '_>) -> Option<String> {
    const HINT: &str = "write a text, a number, or true or false";
    match value.node() {
        DeValue::String(_) => value.text(HINT).map(str::to_owned),
        DeValue::Boolean(yes) => Some(if *yes { "1" } else { "0" }.to_owned()),
        DeValue::Integer(_) | DeValue::Float(_) => {
            value.number(HINT).map(|number| number.to_string())
        }
        DeValue::Datetime(written) => Some(written.to_string()),
        _ => value.mistyped("a single value", HINT),
    }
}
