//! `[machine]`.

use super::super::MachineWorth;
use super::refs::read_names;
use crate::diagnostics::{Table, Value};

const PERCENT_HINT: &str = "write how much it is worth in percent of a person's, from 0 to 100";
const AGENTS_HINT: &str = "write parts of user agents: agents = [\"SomeScanner\"]";
const WITHIN_HINT: &str = "write a number of seconds, up to 3600; 0 for never";
const LINKS_HINT: &str = "write a number from 2 to 1000; 0 for never";

/// Reads what activities of machines are worth.
pub(super) fn read(root: &Table<'_, '_>) -> Option<MachineWorth> {
    let default = MachineWorth::default();
    let Some(value) = root.get("machine") else {
        return Some(default);
    };
    let table = value.table("write [machine] before its keys")?;
    let number = |key, default: u16, highest, hint| match table.get(key) {
        Some(value) => value.integer(0..=highest, hint),
        None => Some(default),
    };
    let percent = |key, default: u8| number(key, u16::from(default), 100, PERCENT_HINT);
    let apple = percent("apple", default.apple);
    let proxy = percent("proxy", default.proxy);
    let scanner = percent("scanner", default.scanner);
    let agents = match table.get("agents") {
        Some(value) => read_names(&value, AGENTS_HINT),
        None => Some(default.agents),
    };
    let within_seconds = number("within_seconds", default.within_seconds, 3600, WITHIN_HINT);
    let links_at_once = read_links(table.get("links_at_once"), default.links_at_once);
    table.finish();
    Some(MachineWorth {
        apple: u8::try_from(apple?).ok()?,
        proxy: u8::try_from(proxy?).ok()?,
        scanner: u8::try_from(scanner?).ok()?,
        agents: agents?,
        within_seconds: within_seconds?,
        links_at_once: links_at_once?,
    })
}

/// Everybody clicks one link at once.
fn read_links(value: Option<Value<'_, '_>>, default: u16) -> Option<u16> {
    let Some(value) = value else {
        return Some(default);
    };
    let links = value.integer(0..=1000, LINKS_HINT)?;
    if links == 1 {
        value.error("with 1, every click would be a scanner's", LINKS_HINT);
        return None;
    }
    Some(links)
}
