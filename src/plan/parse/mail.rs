//! `mail` of a trigger: to whom, and the placeholders in its texts.

use super::super::Effect;
use super::context::Context;
use crate::diagnostics::{Table, Value, one_of, quote};

const HINT: &str = "write { to = \"sales@example.com\", subject = \"…\", text = \"…\" }";
/// Placeholders of subject and text; besides `score:TOPIC`.
const PLACEHOLDERS: [&str; 7] = [
    "name",
    "email",
    "contact",
    "trigger",
    "reason",
    "instance",
    "score:TOPIC",
];

/// Reads one mail, or a list of mails.
pub(super) fn read_mails(context: &Context<'_, '_>, value: &Value<'_, '_>) -> Option<Vec<Effect>> {
    let mails = value.one_or_more(HINT)?.into_iter();
    let mails = mails.map(|item| read_mail(context, &item));
    mails.collect::<Vec<_>>().into_iter().collect()
}

fn read_mail(context: &Context<'_, '_>, value: &Value<'_, '_>) -> Option<Effect> {
    let table = value.table_as("this mail", HINT)?;
    let to = table
        .need("to", HINT)
        .and_then(|value| read_address(&value));
    let subject = read_text(context, &table, "subject");
    if let Some(subject) = subject.as_ref().filter(|text| text.contains(['\n', '\r']))
        && let Some(value) = table.get("subject")
    {
        let first = subject.lines().next().unwrap_or_default();
        value.error("a subject is one line", format!("keep {}", quote(first)));
    }
    let text = read_text(context, &table, "text");
    table.finish();
    Some(Effect::Mail {
        to: to?,
        subject: subject?,
        text: text?,
    })
}

/// One address; whether somebody reads it only a mail can tell.
fn read_address(value: &Value<'_, '_>) -> Option<String> {
    const HINT: &str = "write one address such as \"sales@example.com\"";
    let text = value.text(HINT)?.trim();
    let whole = |part: &str| !part.is_empty() && !part.contains(['@', ',', ';', '<', '>']);
    let shape = text.split_once('@');
    let shape = shape.filter(|(user, host)| whole(user) && whole(host));
    if shape.is_none() || text.contains(char::is_whitespace) {
        value.error(format!("{} is no mail address", quote(text)), HINT);
        return None;
    }
    Some(text.to_owned())
}

fn read_text(
    context: &Context<'_, '_>,
    table: &Table<'_, '_>,
    key: &'static str,
) -> Option<String> {
    let value = table.need(key, HINT)?;
    let text = value.text(HINT)?;
    for name in placeholders(text) {
        check_placeholder(context, &value, name);
    }
    Some(text.to_owned())
}

/// What stands in braces and looks like a placeholder.
fn placeholders(text: &str) -> impl Iterator<Item = &str> {
    let pieces = text.split('{').skip(1);
    let inside = pieces.filter_map(|piece| piece.split_once('}').map(|(name, _)| name));
    let word = |c: char| c.is_alphanumeric() || "_-.:".contains(c);
    inside.filter(move |name| !name.is_empty() && name.chars().all(word))
}

/// What is no placeholder stays as it is, which is hardly meant; a topic must exist.
fn check_placeholder(context: &Context<'_, '_>, value: &Value<'_, '_>, name: &str) {
    if let Some(topic) = name.strip_prefix("score:") {
        let _ = context.topic_called(topic, &value.span());
    } else if !PLACEHOLDERS.contains(&name) {
        let message = format!("{{{name}}} is no placeholder and stays as it is");
        value.warn(message, one_of(name, &PLACEHOLDERS));
    }
}
