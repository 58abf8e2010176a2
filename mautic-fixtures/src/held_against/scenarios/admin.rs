//! What administrators and the recorder did over the REST API.

use anyhow::{Result, bail};
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::{Map, Value, json};

use super::{Mail, Reenactment, number, text, values};
use crate::Options;

impl Reenactment {
    /// Does an administrator's line; notes, waits and observations do nothing.
    pub(super) async fn by_admin(&mut self, line: &Value, did: &str) -> Result<()> {
        match did {
            "point group created" => {
                self.create("points/groups/new", &json!({"name": line["name"]}))
                    .await
            }
            "contact created by API" => self.create("contacts/new", &line["fields"]).await,
            "email created" => self.create("emails/new", &email(line)).await,
            "landing page created" => self.create("pages/new", &self.page(line)).await,
            "form created" => self.create("forms/new", &self.form(line)).await,
            "asset created" => self.asset(line).await,
            "point action created" => self.point_action(line).await,
            "trigger created" => {
                self.create("points/triggers/new", &self.trigger(line))
                    .await
            }
            "segment created" => {
                let body =
                    json!({"name": line["name"], "isPublished": true, "filters": line["filters"]});
                self.create("segments/new", &body).await
            }
            "email sent to contact (API)" => self.email_sent(line).await,
            _ => self.called(line, did).await,
        }
    }

    /// A call that was noted as it was made: `PATCH /api/…` or `contacts/1/points/plus/5`.
    async fn called(&mut self, line: &Value, did: &str) -> Result<()> {
        let body = line.get("body").filter(|body| !body.is_null());
        if let Some((method, path)) = did.split_once(" /api/") {
            if let Ok(method @ (Method::POST | Method::PUT | Method::PATCH | Method::DELETE)) =
                method.parse()
            {
                self.api(method, path, body).await?;
            }
        } else if did.starts_with("contacts/") {
            self.api(Method::POST, did, body).await?;
        }
        Ok(())
    }

    async fn api(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let user = Options::default().user;
        let request = self
            .http()
            .request(method, self.url(&format!("/api/{path}")))
            .basic_auth(user.name, Some(user.password));
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok((
            status,
            serde_json::from_slice(&response.bytes().await?).unwrap_or_default(),
        ))
    }

    async fn create(&self, path: &str, body: &Value) -> Result<()> {
        match self.api(Method::POST, path, Some(body)).await? {
            (200..=299, _) => Ok(()),
            (status, answer) => bail!("{path}: {status} {answer}"),
        }
    }

    /// Something of the recorded configuration as it was at the end.
    fn configured(&self, kind: &str, id: u64) -> Value {
        let found = values(&self.setup[kind])
            .into_iter()
            .find(|thing| number(thing, "id") == id);
        found.cloned().unwrap_or_else(|| json!({}))
    }

    fn is_published(&self, kind: &str, line: &Value) -> bool {
        self.configured(kind, number(line, "id")).get("isPublished") != Some(&Value::Bool(false))
    }

    fn page(&self, line: &Value) -> Value {
        json!({
            "title": line["alias"], "alias": line["alias"], "isPublished": self.is_published("pages", line),
            "template": "blank", "customHtml": "<html><head></head><body></body></html>",
        })
    }

    fn form(&self, line: &Value) -> Value {
        let known = self.configured("forms", number(line, "id"));
        let field = |label: &str, alias: &str, kind: &str, mapped: &str| json!({"label": label, "alias": alias, "type": kind, "mappedObject": "contact", "mappedField": mapped});
        let usual = [
            field("Email", "email", "email", "email"),
            field("First", "first", "text", "firstname"),
        ];
        let fields: Vec<Value> = values(&known["fields"])
            .into_iter()
            .map(without_id)
            .collect();
        let actions: Vec<Value> = values(&known["actions"])
            .into_iter()
            .map(without_id)
            .collect();
        json!({
            "name": line["name"], "formType": "standalone", "isPublished": self.is_published("forms", line),
            "postAction": "return", "fields": if fields.is_empty() { usual.to_vec() } else { fields }, "actions": actions,
        })
    }

    async fn asset(&self, line: &Value) -> Result<()> {
        let user = Options::default().user;
        let part = Part::bytes(b"asset".to_vec()).file_name("asset.txt");
        let request = self
            .http()
            .post(self.url("/api/files/media/new"))
            .basic_auth(user.name, Some(user.password));
        let response = request
            .multipart(Form::new().part("file", part))
            .send()
            .await?;
        let uploaded: Value = serde_json::from_slice(&response.bytes().await?)?;
        let body = json!({
            "title": line["title"], "storageLocation": "local", "file": uploaded["file"]["name"],
            "isPublished": self.is_published("assets", line),
        });
        self.create("assets/new", &body).await
    }

    /// Created without and patched with its properties, as the recorder did (FACTS 50).
    async fn point_action(&self, line: &Value) -> Result<()> {
        let mut body = json!({
            "name": line["name"], "type": line["type"], "delta": line["delta"], "repeatable": line["repeatable"],
            "isPublished": self.is_published("points", line),
        });
        if !line["group"].is_null() {
            body["group"] = line["group"].clone();
        }
        self.create("points/new", &body).await?;
        if line["properties"].is_object() {
            let body = json!({"type": line["type"], "properties": line["properties"]});
            self.api(
                Method::PATCH,
                &format!("points/{}/edit", number(line, "id")),
                Some(&body),
            )
            .await?;
        }
        Ok(())
    }

    fn trigger(&self, line: &Value) -> Value {
        let known = self.configured("triggers", number(line, "id"));
        let left = values(&known["events"]);
        let events = values(&line["events"]).into_iter().map(|pair| {
            let id = pair.get(0).map_or(0, crate::php::cast::int).unsigned_abs();
            let event = left
                .iter()
                .copied()
                .find(|event| number(event, "id") == id)
                .or_else(|| self.trigger_events.get(&id));
            // An event that was deleted before anybody looked can only have added a tag of the trigger's name.
            let properties = event.map_or_else(
                || json!({"add_tags": [line["name"]], "remove_tags": []}),
                |event| event["properties"].clone(),
            );
            json!({"name": pair[1], "type": pair[1], "properties": properties})
        });
        let mut body = json!({
            "name": line["name"], "points": line["points"], "isPublished": self.is_published("triggers", line),
            "triggerExistingLeads": line["triggerExistingLeads"], "events": events.collect::<Vec<_>>(),
        });
        if !line["group"].is_null() {
            body["group"] = line["group"].clone();
        }
        body
    }

    async fn email_sent(&mut self, line: &Value) -> Result<()> {
        let (email, contact) = (number(line, "email"), number(line, "contact"));
        self.api(
            Method::POST,
            &format!("emails/{email}/contact/{contact}/send"),
            None,
        )
        .await?;
        let newest = self.mautic.with_state(|state| {
            state
                .web
                .email_stats
                .values()
                .next_back()
                .map(|stat| stat.tracking_hash.clone())
        });
        if let (Some(hash), Some(recorded)) =
            (newest.await, line.get("stat").and_then(Value::as_str))
        {
            self.mails.insert(
                recorded.to_owned(),
                Mail {
                    hash,
                    email,
                    contact,
                },
            );
        }
        Ok(())
    }
}

fn email(line: &Value) -> Value {
    let links: Vec<String> = values(&line["links"])
        .into_iter()
        .map(|link| format!(" <a href=\"{}\">l</a>", crate::php::cast::text(link)))
        .collect();
    json!({
        "name": line["name"], "subject": line["name"], "emailType": "template", "isPublished": true,
        "customHtml": format!("<html><body>{}{}</body></html>", text(line, "name"), links.concat()),
    })
}

/// A field or action of a form as it can be sent: without id and nulls.
fn without_id(thing: &Value) -> Value {
    let members = thing.as_object().into_iter().flatten();
    let kept: Map<String, Value> = members
        .filter(|(name, value)| *name != "id" && !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Value::Object(kept)
}
