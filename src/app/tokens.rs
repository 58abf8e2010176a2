//! Access tokens in the store, so that restarts and other processes use the same one.

use crate::mautic::{Token, TokenStore};
use crate::store::SharedStore;
use secrecy::ExposeSecret;

const KEY: &str = "mautic.token";

/// Keeps the token among the settings.
#[derive(Debug, Clone)]
pub(super) struct StoredTokens(pub SharedStore);

#[async_trait::async_trait]
impl TokenStore for StoredTokens {
    async fn load(&self) -> Result<Option<Token>, String> {
        let text = self
            .0
            .setting(KEY)
            .await
            .map_err(|error| error.to_string())?;
        Ok(text.as_deref().and_then(Token::from_text))
    }

    async fn save(&self, token: &Token) -> Result<(), String> {
        let text = token.to_text();
        self.0
            .put_setting(KEY, text.expose_secret())
            .await
            .map_err(|error| error.to_string())
    }
}
