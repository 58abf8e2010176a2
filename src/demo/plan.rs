//! The demo's plan, written for the stand-in's catalog.

use mautic_fixtures::simulator::Catalog;
use std::fmt::Write;

/// A contact enters a topic's segment at this score.
pub(super) const ENTER: i32 = 40;
/// Highest score of a topic.
pub(super) const CEILING: i32 = 100;
/// What the first topic gives to contacts with an address.
pub(super) const KNOWN: i32 = 5;
/// What activities pay into their topic.
pub(super) mod points {
    pub(in super::super) const URL_HIT: i32 = 2;
    pub(in super::super) const LANDING_PAGE: i32 = 5;
    pub(in super::super) const FORM: i32 = 20;
    pub(in super::super) const ASSET: i32 = 10;
    pub(in super::super) const OPEN: i32 = 3;
    pub(in super::super) const CLICK: i32 = 4;
}

/// The demo's visitors answer a mail within moments, which looks like a machine's doing; the oracle
/// counts them all.
const HEAD: &str = r#"format = 1
time_zone = "UTC"

[machine]
apple = 100
proxy = 100
scanner = 100
"#;

/// The plan as an administrator would write it.
pub(super) fn text(catalog: &Catalog) -> String {
    let mut text = String::from(HEAD);
    for topic in &catalog.topics {
        let (key, name) = (&topic.slug, &topic.name);
        let _ = write!(
            text,
            r#"
[[topic]]
key = "{key}"
label = "{name}"
group = "{name}"
ceiling = {CEILING}
bands = [{{ name = "cold", from = 0 }}, {{ name = "warm", from = 20 }}, {{ name = "hot", from = {ENTER} }}]

[[segment]]
segment = "Interested in {name}"
topic = "{key}"
enter = {ENTER}
leave = 30
"#
        );
        let shop = &catalog.shop_url;
        let rules = [
            (
                "looked at",
                "url.hit",
                points::URL_HIT,
                format!("url = \"{shop}/{key}/*\""),
            ),
            (
                "landing page of",
                "page.hit",
                points::LANDING_PAGE,
                format!("pages = [{}]", topic.page),
            ),
            (
                "asked about",
                "form.submit",
                points::FORM,
                format!("forms = [\"{name}\"]"),
            ),
            (
                "read about",
                "asset.download",
                points::ASSET,
                format!("assets = [\"{name} guide\"]"),
            ),
            (
                "opened mail about",
                "email.open",
                points::OPEN,
                format!("emails = [\"{name} news\"]"),
            ),
            (
                "clicked in mail about",
                "email.click",
                points::CLICK,
                format!("emails = [{}]", topic.email),
            ),
        ];
        for (what, kind, points, limit) in rules {
            let _ = write!(
                text,
                "\n[[point_action]]\nname = \"{what} {name}\"\ntopic = \"{key}\"\nkind = \"{kind}\"\npoints = {points}\nrepeat = \"always\"\n{limit}\n"
            );
        }
    }
    if let Some(first) = catalog.topics.first() {
        let _ = write!(
            text,
            "\n[[profile_rule]]\nname = \"has an address\"\ntopic = \"{}\"\npoints = {KNOWN}\nwhen = {{ field = \"email\", filled = true }}\n",
            first.slug
        );
    }
    text
}
