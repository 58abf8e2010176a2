//! Prepares a stand-in for one recorded exchange: a little of everything, and then what the exchange itself shows.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::seed_inputs::{contact_input, definitions, groundwork, number_filter};
use super::session::{Request, Response};
use super::wire::{self, WireRequest};
use crate::StandIn;
use crate::state::{Id, State};

/// Kinds of things an exchange can need, by the first segment of their path.
const KINDS: &[(&str, &str)] = &[
    ("contacts", "contact"),
    ("segments", "list"),
    ("hooks", "hook"),
    ("points", "point"),
    ("campaigns", "campaign"),
    ("stages", "stage"),
    ("emails", "email"),
    ("forms", "form"),
    ("pages", "page"),
    ("tags", "tag"),
];

/// A stand-in being prepared.
pub(super) struct Ground<'a> {
    stand_in: &'a StandIn,
    authorization: String,
}

impl<'a> Ground<'a> {
    /// Logs in as the user and lays the groundwork.
    pub(super) async fn lay(stand_in: &'a StandIn, authorization: &str) -> std::io::Result<Self> {
        let ground = Self {
            stand_in,
            authorization: authorization.to_owned(),
        };
        for (method, path, body) in groundwork() {
            ground.send(method, path, &body).await?;
        }
        Ok(ground)
    }

    /// Makes what the exchange needs.
    pub(super) async fn prepare(
        &self,
        request: &Request,
        response: &Response,
    ) -> std::io::Result<()> {
        let path = request
            .path
            .split('?')
            .next()
            .unwrap_or_default()
            .to_owned();
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let ids: Vec<Id> = parts.iter().filter_map(|part| part.parse().ok()).collect();
        // PUT makes what is not there; a merged-away contact is there, but not under that id.
        let made_by_put = request.method == "PUT" && response.status == 201;
        let found = response.status != 404 && !made_by_put;
        if parts.get(1) != Some(&"fields") {
            self.custom_fields(&request.body, &response.body).await?;
        }
        if let (Some(area), true) = (parts.get(1), found) {
            self.named_in_path(area, &parts, &ids, &response.body)
                .await?;
        }
        self.named_in_body(&request.body, &response.body).await?;
        self.score_before(&parts, response).await?;
        if let Some(report) = response.body.get("report") {
            let row = crate::state::reports::from_json(report);
            self.stand_in
                .change_state(|state| state.reports.put(row.id, row))
                .await;
        }
        let message = response
            .body
            .pointer("/errors/0/message")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let existed =
            request.method == "POST" && request.path.ends_with("/new") && response.status == 200;
        let taken = ["already", "must be unique", "in use"]
            .iter()
            .any(|word| message.contains(word));
        if taken || existed {
            self.send(&request.method, &request.path, &request.body)
                .await?;
        }
        if let (500, ["api", "segments", _, "contact", id, "add"]) =
            (response.status, parts.as_slice())
        {
            let merged = id.parse().unwrap_or(0);
            self.stand_in
                .change_state(|state| {
                    state.contacts.remove(merged);
                    state.merged_into.insert(merged, 1);
                })
                .await;
        }
        if let (200, ["api", "fields", "contact", _]) = (response.status, parts.as_slice()) {
            let field = json!({"label": "Seed", "alias": "seed", "type": "number"});
            self.send("POST", "/api/fields/contact/new", &field).await?;
        }
        if let (403, ["api", "segments", id, ..]) = (response.status, parts.as_slice()) {
            let unpublished = json!({"isPublished": false});
            self.send("PATCH", &format!("/api/segments/{id}/edit"), &unpublished)
                .await?;
        }
        Ok(())
    }

    async fn named_in_path(
        &self,
        area: &str,
        parts: &[&str],
        ids: &[Id],
        body: &Value,
    ) -> std::io::Result<()> {
        let Some(first) = ids.first().copied() else {
            return Ok(());
        };
        match parts {
            ["api", "points", "groups", ..] => {
                self.exist("points/groups", first, body.get("pointGroup"))
                    .await?;
            }
            ["api", "points", "triggers", ..] => {
                self.exist("points/triggers", first, body.get("trigger"))
                    .await?;
            }
            _ => {
                let one = KINDS
                    .iter()
                    .find(|(kind, _)| *kind == area)
                    .map(|(_, one)| *one);
                let Some(one) = one else { return Ok(()) };
                let shown = body.get(one);
                let winner = shown
                    .and_then(|shown| shown.get("id"))
                    .and_then(Value::as_u64);
                match winner.filter(|winner| *winner != first && area == "contacts") {
                    Some(winner) => {
                        self.exist("contacts", winner, shown).await?;
                        self.stand_in
                            .change_state(|state| {
                                state.merged_into.insert(first, winner);
                            })
                            .await;
                    }
                    None => self.exist(area, first, shown).await?,
                }
            }
        }
        let Some(second) = ids.get(1).copied() else {
            return Ok(());
        };
        match parts {
            ["api", "contacts", _, "points", "groups", ..] => {
                self.exist("points/groups", second, None).await?;
            }
            ["api", _, _, "contact", ..] | ["api", "campaigns", _, "events", "contact", ..] => {
                self.exist("contacts", second, None).await?;
            }
            _ => {}
        }
        self.memberships(first, body).await
    }

    /// Segments, campaigns and group scores of a contact that the answer lists.
    async fn memberships(&self, contact: Id, body: &Value) -> std::io::Result<()> {
        let keys = |name: &str| -> Vec<Id> {
            let map = body.get(name).and_then(Value::as_object);
            map.into_iter()
                .flatten()
                .filter_map(|(key, _)| key.parse().ok())
                .collect()
        };
        for segment in keys("lists")
            .into_iter()
            .filter(|_| body.get("total").is_some())
        {
            self.exist("segments", segment, None).await?;
            self.send(
                "POST",
                &format!("/api/segments/{segment}/contact/{contact}/add"),
                &Value::Null,
            )
            .await?;
        }
        for campaign in keys("campaigns") {
            self.exist("campaigns", campaign, None).await?;
            self.send(
                "POST",
                &format!("/api/campaigns/{campaign}/contact/{contact}/add"),
                &Value::Null,
            )
            .await?;
        }
        let scores = body
            .get("groupScores")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for score in scores.chain(body.get("groupScore")) {
            let group = score
                .pointer("/group/id")
                .and_then(Value::as_u64)
                .unwrap_or(1);
            self.exist("points/groups", group, score.get("group"))
                .await?;
            let path = format!("/api/contacts/{contact}/points/groups/{group}/set/5");
            self.send("POST", &path, &Value::Null).await?;
        }
        Ok(())
    }

    async fn named_in_body(&self, request: &Value, response: &Value) -> std::io::Result<()> {
        let detail =
            |id: &Value| response.pointer(&format!("/details/{id}/success")) != Some(&json!(false));
        for id in request
            .get("ids")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|id| detail(id))
        {
            if let Some(id) = id.as_u64() {
                self.exist("contacts", id, None).await?;
            }
        }
        for list in request
            .get("lists")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if let Some(id) = list.get("id").unwrap_or(list).as_u64() {
                self.exist("segments", id, None).await?;
            }
        }
        let codes = response.get("statusCodes");
        let is_known = |index: usize, _: &Id| {
            let code = codes
                .and_then(|codes| codes.get(index))
                .and_then(Value::as_u64);
            code.is_none_or(|code| code != 404 && code != 201)
        };
        let items: Vec<&Value> = match request {
            Value::Array(items) => items.iter().collect(),
            Value::Object(items) => items.values().collect(),
            _ => Vec::new(),
        };
        for (index, item) in items.into_iter().enumerate().filter(|_| codes.is_some()) {
            if let Some(id) = item
                .get("id")
                .and_then(Value::as_u64)
                .filter(|id| is_known(index, id))
            {
                self.exist("contacts", id, None).await?;
            }
        }
        Ok(())
    }

    /// The score from which a change gives the recorded one, or fails as recorded (FACTS 22, 23).
    async fn score_before(&self, parts: &[&str], response: &Response) -> std::io::Result<()> {
        let [
            "api",
            "contacts",
            contact,
            "points",
            "groups",
            group,
            operator,
            operand,
        ] = parts
        else {
            return Ok(());
        };
        let (Ok(contact), Ok(group)) = (contact.parse(), group.parse()) else {
            return Ok(());
        };
        let operand: i64 = operand.parse().unwrap_or(1);
        let score = response
            .body
            .pointer("/groupScore/score")
            .and_then(Value::as_i64);
        let before = match (*operator, score) {
            ("plus", Some(score)) => score - operand,
            ("minus", Some(score)) => score + operand,
            ("times", Some(score)) if operand != 0 => score / operand,
            ("divide", Some(score)) => score * operand,
            ("divide", None) => operand + 1,
            ("plus", None) => i64::from(i32::MAX),
            _ => -60,
        };
        self.stand_in
            .change_state(|state| {
                if state.contacts.contains(contact) && state.point_groups.contains(group) {
                    state.group_scores.set(contact, group, before);
                }
            })
            .await;
        Ok(())
    }

    /// Contact fields that are not in a fresh installation: those the answer defines, and numbers for keys like `score_…`.
    async fn custom_fields(&self, request: &Value, response: &Value) -> std::io::Result<()> {
        let mut fields = Vec::new();
        definitions(response, &mut fields);
        for item in request
            .as_array()
            .map_or_else(|| vec![request], |items| items.iter().collect())
        {
            let keys = item
                .as_object()
                .into_iter()
                .flatten()
                .map(|(key, _)| key.clone());
            fields.extend(
                keys.filter(|key| key.contains("score"))
                    .map(|key| (key, "number".to_owned())),
            );
        }
        fields.sort();
        fields.dedup();
        for (alias, kind) in fields {
            let known = |state: &mut State| {
                state
                    .contact_fields
                    .values()
                    .any(|field| field.alias == alias)
            };
            if !self.stand_in.change_state(known).await {
                let body = json!({"label": alias, "alias": alias, "type": kind});
                self.send("POST", "/api/fields/contact/new", &body).await?;
            }
        }
        Ok(())
    }

    /// Makes the thing of that id with what the recording shows of it, unless it is there.
    async fn exist(&self, area: &str, id: Id, shown: Option<&Value>) -> std::io::Result<()> {
        let ready = self
            .stand_in
            .change_state(|state| reserve(state, area, id))
            .await;
        if !ready {
            let kind = shown
                .and_then(|shown| shown.get("type"))
                .and_then(Value::as_str);
            if let ("points", Some(kind)) = (area, kind) {
                let set = |state: &mut State| {
                    if let Some(action) = state.point_actions.get_mut(id) {
                        kind.clone_into(&mut action.kind);
                    }
                };
                self.stand_in.change_state(set).await;
            }
            if area == "contacts" && shown.is_some() {
                let input = contact_input(shown, id);
                self.send("PATCH", &format!("/api/contacts/{id}/edit"), &input)
                    .await?;
            }
            return Ok(());
        }
        let text = |key: &str| {
            shown
                .and_then(|shown| shown.get(key))
                .and_then(Value::as_str)
                .map(str::to_owned)
        };
        let name = text("name").unwrap_or_else(|| format!("Seed {id}"));
        let body = match area {
            "contacts" => contact_input(shown, id),
            "points/groups" => json!({"name": name}),
            "segments" => json!({"name": name, "filters": number_filter(shown)}),
            "tags" => json!({"tag": format!("tag {id}")}),
            "hooks" => {
                json!({"name": name, "webhookUrl": "http://127.0.0.1:9/hook", "triggers": ["mautic.page_on_hit"]})
            }
            "points" => {
                json!({"name": name, "type": text("type").unwrap_or_else(|| "url.hit".to_owned()), "delta": 1})
            }
            _ => {
                let route = format!("/api/{area}/new");
                let template = groundwork().into_iter().find(|(_, path, _)| *path == route);
                template.map_or_else(|| json!({"name": name}), |(_, _, body)| body)
            }
        };
        self.send("POST", &format!("/api/{area}/new"), &body)
            .await
            .map(drop)
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> std::io::Result<()> {
        let headers = vec![("Authorization".to_owned(), self.authorization.clone())];
        let body = match body {
            Value::Null => None,
            Value::String(text) => Some(text.clone().into_bytes()),
            json => Some(json.to_string().into_bytes()),
        };
        let request = WireRequest {
            method: method.to_owned(),
            path: path.to_owned(),
            headers,
            body,
        };
        let address: SocketAddr = self.stand_in.address();
        wire::send(address, "127.0.0.1:8088", &request)
            .await
            .map(drop)
    }
}

/// Uses up the ids before `id`, so that the next thing gets it; false when that is impossible or not needed.
fn reserve(state: &mut State, area: &str, id: Id) -> bool {
    macro_rules! up_to {
        ($table:expr) => {{
            let table = &mut $table;
            if table.contains(id) {
                return false;
            }
            while table.last_id() + 1 < id {
                table.take_id();
            }
            table.last_id() + 1 == id
        }};
    }
    match area {
        "contacts" => up_to!(state.contacts),
        "segments" => up_to!(state.segments.table),
        "campaigns" => up_to!(state.campaigns.table),
        "hooks" => up_to!(state.hooks.table),
        "points" => up_to!(state.point_actions),
        "points/groups" => up_to!(state.point_groups),
        "points/triggers" => up_to!(state.point_triggers),
        "stages" => up_to!(state.stages),
        "tags" => up_to!(state.tags),
        "emails" => up_to!(state.web.emails),
        "forms" => up_to!(state.web.forms),
        "pages" => up_to!(state.web.pages),
        _ => false,
    }
}
