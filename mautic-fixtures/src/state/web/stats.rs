//! The visitor side's tables as `/api/stats` shows them.

use serde_json::{Value, json};

use super::Web;
use crate::php::serialize::serialize;
use crate::state::Id;
use crate::state::clock::sql;

/// A row: columns in the table's order, every value a text, `None` for NULL (FACTS 100).
pub type StatsRow = Vec<(&'static str, Option<String>)>;

/// One of the ten empty details Mautic keeps of an address without a lookup service.
const IP_DETAILS: [&str; 10] = [
    "city",
    "region",
    "zipcode",
    "country",
    "latitude",
    "longitude",
    "isp",
    "organization",
    "timezone",
    "extra",
];

impl Web {
    /// All rows of a table, in the order of their ids; `None` if the table is not one of the visitor side's.
    #[must_use]
    pub fn stats_rows(&self, table: &str) -> Option<Vec<StatsRow>> {
        Some(match table {
            "page_hits" => self.page_hits(),
            "page_redirects" => self.page_redirects(),
            "channel_url_trackables" => self.url_trackables(),
            "asset_downloads" => self.asset_downloads(),
            "form_submissions" => self.form_submissions(),
            "email_stats" => self.email_stats_rows(),
            "email_stats_devices" => self.email_stats_devices(),
            "lead_devices" => self.lead_devices(),
            "lead_utmtags" => self.lead_utmtags(),
            "ip_addresses" => self.ip_address_rows(),
            "point_lead_action_log" => self.action_log_rows(),
            _ => return None,
        })
    }

    fn page_hits(&self) -> Vec<StatsRow> {
        let place = |name| (name, Some(String::new()));
        let row = |hit: &super::Hit| {
            vec![
                id("id", hit.id),
                opt_id("page_id", hit.page),
                opt_id("redirect_id", hit.redirect),
                opt_id("email_id", hit.email),
                opt_id("lead_id", hit.contact),
                id("ip_id", hit.ip),
                opt_id("device_id", hit.device),
                ("date_hit", Some(sql(hit.date_hit))),
                ("date_left", hit.date_left.map(sql)),
                place("country"),
                place("region"),
                place("city"),
                place("isp"),
                place("organization"),
                ("code", Some(hit.code.to_string())),
                ("referer", hit.referer.clone()),
                ("url", hit.url.clone()),
                ("url_title", hit.url_title.clone()),
                ("user_agent", hit.user_agent.clone()),
                ("remote_host", None),
                ("page_language", hit.page_language.clone()),
                (
                    "browser_languages",
                    Some(serialize(&json!(hit.browser_languages))),
                ),
                ("tracking_id", Some(hit.tracking_id.clone())),
                ("source", hit.source.clone()),
                ("source_id", hit.source_id.map(|id| id.to_string())),
                ("query", Some(serialize(&hit.query))),
            ]
        };
        self.hits.values().map(row).collect()
    }

    fn page_redirects(&self) -> Vec<StatsRow> {
        let row = |redirect: &super::Redirect| {
            vec![
                id("id", redirect.id),
                (
                    "is_published",
                    Some(u8::from(redirect.stamp.is_published).to_string()),
                ),
                ("date_added", redirect.stamp.date_added.map(sql)),
                opt_id("created_by", redirect.stamp.created_by),
                ("created_by_user", redirect.stamp.created_by_user.clone()),
                ("date_modified", redirect.stamp.date_modified.map(sql)),
                opt_id("modified_by", redirect.stamp.modified_by),
                ("modified_by_user", redirect.stamp.modified_by_user.clone()),
                ("checked_out", None),
                ("checked_out_by", None),
                ("checked_out_by_user", None),
                ("redirect_id", Some(redirect.redirect_id.clone())),
                ("url", Some(redirect.url.clone())),
                ("hits", Some(redirect.hits.to_string())),
                ("unique_hits", Some(redirect.unique_hits.to_string())),
            ]
        };
        self.redirects.values().map(row).collect()
    }

    fn url_trackables(&self) -> Vec<StatsRow> {
        let row = |trackable: &super::Trackable| {
            vec![
                id("channel_id", trackable.channel_id),
                id("redirect_id", trackable.redirect),
                ("channel", Some(trackable.channel.clone())),
                ("hits", Some(trackable.hits.to_string())),
                ("unique_hits", Some(trackable.unique_hits.to_string())),
            ]
        };
        self.trackables.iter().map(row).collect()
    }

    fn asset_downloads(&self) -> Vec<StatsRow> {
        let row = |download: &super::Download| {
            let [campaign, content, medium, source, term] = download.utm.clone();
            vec![
                id("id", download.id),
                opt_id("asset_id", download.asset),
                id("ip_id", download.ip),
                opt_id("lead_id", download.contact),
                opt_id("email_id", download.email),
                ("date_download", Some(sql(download.date_download))),
                ("code", Some(download.code.to_string())),
                ("referer", download.referer.clone()),
                ("tracking_id", download.tracking_id.clone()),
                ("source", download.source.clone()),
                ("source_id", download.source_id.map(|id| id.to_string())),
                ("utm_campaign", campaign),
                ("utm_content", content),
                ("utm_medium", medium),
                ("utm_source", source),
                ("utm_term", term),
            ]
        };
        self.downloads.values().map(row).collect()
    }

    fn form_submissions(&self) -> Vec<StatsRow> {
        let row = |submission: &super::Submission| {
            vec![
                id("id", submission.id),
                id("form_id", submission.form),
                id("ip_id", submission.ip),
                opt_id("lead_id", submission.contact),
                opt_id("page_id", submission.page),
                ("tracking_id", submission.tracking_id.clone()),
                ("date_submitted", Some(sql(submission.date_submitted))),
                ("referer", Some(submission.referer.clone())),
            ]
        };
        self.submissions.values().map(row).collect()
    }

    fn email_stats_rows(&self) -> Vec<StatsRow> {
        let row = |stat: &super::EmailStat| {
            vec![
                id("id", stat.id),
                opt_id("email_id", stat.email),
                opt_id("lead_id", stat.contact),
                opt_id("list_id", stat.list),
                opt_id("ip_id", stat.ip),
                ("copy_id", None),
                ("email_address", Some(stat.email_address.clone())),
                ("date_sent", Some(sql(stat.date_sent))),
                ("is_read", Some(u8::from(stat.is_read()).to_string())),
                ("is_failed", Some("0".to_owned())),
                (
                    "viewed_in_browser",
                    Some(u8::from(stat.viewed_in_browser).to_string()),
                ),
                ("date_read", stat.date_read.map(sql)),
                ("tracking_hash", Some(stat.tracking_hash.clone())),
                ("retry_count", Some("0".to_owned())),
                ("source", stat.source.clone()),
                ("source_id", stat.source_id.map(|id| id.to_string())),
                ("tokens", None),
                ("open_count", Some(stat.opens.len().to_string())),
                ("last_opened", stat.last_opened.map(sql)),
                ("open_details", Some(serialize(&open_details(stat)))),
            ]
        };
        self.email_stats.values().map(row).collect()
    }

    fn email_stats_devices(&self) -> Vec<StatsRow> {
        let row = |open: &super::EmailOpen| {
            vec![
                id("id", open.id),
                opt_id("device_id", open.device),
                id("stat_id", open.stat),
                id("ip_id", open.ip),
                ("date_opened", Some(sql(open.date_opened))),
            ]
        };
        self.email_opens.values().map(row).collect()
    }

    fn lead_devices(&self) -> Vec<StatsRow> {
        let row = |device: &super::Device| {
            let detected = &device.detected;
            let os = detected.os.as_ref();
            vec![
                id("id", device.id),
                id("lead_id", device.contact),
                ("date_added", Some(sql(device.date_added))),
                (
                    "client_info",
                    Some(serialize(
                        detected.client_info.as_ref().unwrap_or(&Value::Null),
                    )),
                ),
                ("device", Some(detected.device.to_owned())),
                ("device_os_name", os.map(|os| os.name.to_owned())),
                ("device_os_shortname", os.map(|os| os.short_name.to_owned())),
                ("device_os_version", os.map(|os| os.version.clone())),
                ("device_os_platform", os.map(|os| os.platform.to_owned())),
                ("device_brand", Some(detected.brand.to_owned())),
                ("device_model", Some(detected.model.to_owned())),
                ("tracking_id", Some(device.tracking_id.clone())),
            ]
        };
        self.devices.values().map(row).collect()
    }

    fn lead_utmtags(&self) -> Vec<StatsRow> {
        let row = |tag: &super::UtmTag| {
            let [campaign, content, medium, source, term] = tag.tags.clone();
            vec![
                id("id", tag.id),
                id("lead_id", tag.contact),
                ("date_added", Some(sql(tag.date_added))),
                ("query", Some(serialize(&tag.query))),
                ("referer", tag.referer.clone()),
                ("remote_host", None),
                ("url", tag.url.clone()),
                ("user_agent", tag.user_agent.clone()),
                ("utm_campaign", campaign),
                ("utm_content", content),
                ("utm_medium", medium),
                ("utm_source", source),
                ("utm_term", term),
            ]
        };
        self.utm_tags.values().map(row).collect()
    }

    fn ip_address_rows(&self) -> Vec<StatsRow> {
        let details: Value = IP_DETAILS
            .iter()
            .map(|name| ((*name).to_owned(), json!("")))
            .collect();
        let row = |ip: &super::IpAddress| {
            vec![
                id("id", ip.id),
                ("ip_address", Some(ip.address.clone())),
                ("ip_details", Some(serialize(&details))),
            ]
        };
        self.ip_addresses.values().map(row).collect()
    }

    fn action_log_rows(&self) -> Vec<StatsRow> {
        let row = |((point, contact), once): (&(Id, Id), &super::Once)| {
            vec![
                id("point_id", *point),
                id("lead_id", *contact),
                id("ip_id", once.ip),
                ("date_fired", Some(sql(once.fired))),
            ]
        };
        self.action_log.iter().map(row).collect()
    }
}

fn id(name: &'static str, id: Id) -> (&'static str, Option<String>) {
    (name, Some(id.to_string()))
}

fn opt_id(name: &'static str, id: Option<Id>) -> (&'static str, Option<String>) {
    (name, id.map(|id| id.to_string()))
}

fn open_details(stat: &super::EmailStat) -> Value {
    stat.opens
        .iter()
        .map(|open| json!({"datetime": sql(open.at), "useragent": open.user_agent, "inBrowser": open.in_browser}))
        .collect()
}
