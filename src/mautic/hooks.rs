//! The webhooks registered in Mautic.

use super::budget::Priority;
use super::request::Request;
use super::wire::Hook;
use super::{Client, Error};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

/// A webhook to be registered.
#[derive(Debug, Clone)]
pub struct HookDraft {
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// Where deliveries go.
    pub url: String,
    /// Signs the deliveries. Not empty: Mautic would make up its own (FACTS 12).
    pub secret: SecretString,
    /// Event types. Mautic accepts unknown ones without a word (FACTS 12).
    pub triggers: Vec<String>,
}

/// What to change of a webhook; `None` leaves it as it is.
///
/// A hook edited within two days is not unpublished when deliveries fail (FACTS 9). Mautic dates
/// only edits that change something (`FormModel::setTimestamps`): write the day into the description.
#[derive(Debug, Clone, Default)]
pub struct HookPatch {
    /// New address.
    pub url: Option<String>,
    /// New secret; not empty.
    pub secret: Option<SecretString>,
    /// Event types to ADD: a PATCH takes none away (FACTS 12).
    pub add_triggers: Vec<String>,
    /// Publish or unpublish.
    pub is_published: Option<bool>,
    /// New description.
    pub description: Option<String>,
}

impl HookPatch {
    fn body(&self) -> Value {
        let secret = self.secret.as_ref().map(ExposeSecret::expose_secret);
        let triggers = (!self.add_triggers.is_empty()).then(|| json!(self.add_triggers));
        let changes = [
            ("webhookUrl", self.url.as_ref().map(|url| json!(url))),
            ("secret", secret.map(|secret| json!(secret))),
            ("triggers", triggers),
            ("isPublished", self.is_published.map(Value::from)),
            (
                "description",
                self.description.as_ref().map(|text| json!(text)),
            ),
        ];
        changes
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?)))
            .collect::<Map<_, _>>()
            .into()
    }
}

impl Client {
    /// All webhooks of this Mautic, also those of others (FACTS 12).
    ///
    /// # Errors
    /// [`Error`]; status 403 when the role may not see webhooks.
    pub async fn hooks(&self, priority: Priority) -> Result<Vec<Hook>, Error> {
        self.all(Request::get("/api/hooks", priority), "hooks", 100)
            .await
    }

    /// One webhook; `None` when it was deleted.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn hook(&self, id: u32, priority: Priority) -> Result<Option<Hook>, Error> {
        let request = Request::get("/api/hooks/{id}", priority).with(id);
        match self.one(request, "hook").await {
            Err(error) if error.is_not_found() => Ok(None),
            hook => hook.map(Some),
        }
    }

    /// Registers a webhook, published, oldest event first (FACTS 2). Edit it once right after
    /// (FACTS 9, N1): until then one failed delivery unpublishes it and breaks Mautic's answers.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Unsendable`] when the secret is empty. Not to be repeated blindly.
    pub async fn new_hook(&self, draft: &HookDraft, priority: Priority) -> Result<Hook, Error> {
        not_empty(&draft.secret)?;
        let request = Request::post("/api/hooks/new", priority).json(json!({
            "name": draft.name,
            "description": draft.description,
            "webhookUrl": draft.url,
            "secret": draft.secret.expose_secret(),
            "eventsOrderbyDir": "ASC",
            "triggers": draft.triggers,
            "isPublished": true,
        }));
        self.one(request, "hook").await
    }

    /// Edits a webhook (FACTS 9, 12). Idempotent.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Unsendable`] when the secret is empty.
    pub async fn patch_hook(
        &self,
        id: u32,
        patch: &HookPatch,
        priority: Priority,
    ) -> Result<Hook, Error> {
        patch.secret.as_ref().map_or(Ok(()), not_empty)?;
        let request = Request::patch("/api/hooks/{id}/edit", priority)
            .with(id)
            .json(patch.body());
        self.one(request, "hook").await
    }

    /// Deletes a webhook and what waits in its queue (FACTS 11). Returns whether it was there.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or refuses.
    pub async fn delete_hook(&self, id: u32, priority: Priority) -> Result<bool, Error> {
        let request = Request::delete("/api/hooks/{id}/delete", priority).with(id);
        match self.json(request).await {
            Err(error) if error.is_not_found() => Ok(false),
            answer => answer.map(|_| true),
        }
    }
}

fn not_empty(secret: &SecretString) -> Result<(), Error> {
    if secret.expose_secret().is_empty() {
        return Err(Error::Unsendable(
            "a webhook's secret must not be empty: Mautic would make up its own".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_name_only_what_changes() {
        assert_eq!(HookPatch::default().body(), json!({}));
        let patch = HookPatch {
            secret: Some("s".into()),
            add_triggers: vec!["mautic.page_on_hit".to_owned()],
            is_published: Some(true),
            ..HookPatch::default()
        };
        assert_eq!(
            patch.body(),
            json!({"secret": "s", "triggers": ["mautic.page_on_hit"], "isPublished": true})
        );
        assert!(!format!("{patch:?}").contains("\"s\""));
    }
}
