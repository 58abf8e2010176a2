//! The few REST calls the simulator makes.

use reqwest::{Client, Method};
use serde_json::Value;

/// How to log in at the REST API.
#[derive(Clone, Debug)]
pub struct Access {
    /// User of Basic authentication.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl Default for Access {
    /// The stand-in's own user.
    fn default() -> Self {
        let user = crate::Options::default().user;
        Self {
            user: user.name,
            password: user.password,
        }
    }
}

/// What can go wrong between the simulator and a Mautic.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer at all.
    #[error("{path}: {source}")]
    Transport {
        /// What was asked for.
        path: String,
        /// Why there was no answer.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that is no success.
    #[error("{path}: status {status}: {body}")]
    Refused {
        /// What was asked for.
        path: String,
        /// Its status.
        status: u16,
        /// Its body.
        body: String,
    },
    /// An answer without what it should have.
    #[error("{path}: no {what} in the answer")]
    Incomplete {
        /// What was asked for.
        path: String,
        /// What is missing.
        what: String,
    },
}

/// A REST client.
#[derive(Clone, Debug)]
pub(super) struct Api<'a> {
    pub(super) client: Client,
    pub(super) base_url: &'a str,
    pub(super) access: &'a Access,
}

impl Api<'_> {
    /// Sends JSON, gives back the JSON of a 2xx answer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Value, ApiError> {
        let transport = |source| ApiError::Transport {
            path: path.to_owned(),
            source,
        };
        let url = format!("{}/api/{path}", self.base_url);
        let mut request = self
            .client
            .request(method, url)
            .basic_auth(&self.access.user, Some(&self.access.password));
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await.map_err(transport)?;
        let status = response.status();
        let text = response.text().await.map_err(transport)?;
        if !status.is_success() {
            return Err(ApiError::Refused {
                path: path.to_owned(),
                status: status.as_u16(),
                body: text,
            });
        }
        serde_json::from_str(&text).map_err(|_| ApiError::Incomplete {
            path: path.to_owned(),
            what: "JSON".to_owned(),
        })
    }

    /// Creates something and gives back its JSON.
    pub(super) async fn create(
        &self,
        path: &str,
        key: &str,
        body: &Value,
    ) -> Result<Value, ApiError> {
        let answer = self.call(Method::POST, path, Some(body)).await?;
        let incomplete = || ApiError::Incomplete {
            path: path.to_owned(),
            what: key.to_owned(),
        };
        answer.get(key).cloned().ok_or_else(incomplete)
    }

    /// The first row of a stats query.
    pub(super) async fn first_stat(&self, query: &str) -> Result<Option<Value>, ApiError> {
        let answer = self
            .call(Method::GET, &format!("stats/{query}"), None)
            .await?;
        Ok(answer.get("stats").and_then(|rows| rows.get(0)).cloned())
    }
}

/// The id in something's JSON; 0 if there is none.
pub(super) fn id(thing: &Value) -> u64 {
    thing.get("id").and_then(Value::as_u64).unwrap_or(0)
}
