//! What else a Mautic tells: its version, who we are there, and what rules can name.

use super::budget::Priority;
use super::request::Request;
use super::wire::{ContactField, Item, LandingPage, Me, Page};
use super::{Client, Error};

/// Forms, pages and emails come with their whole markup: small pages.
const PAGE: u32 = 30;
/// More fields than a table of contacts has room for.
const FIELDS: u32 = 5000;

impl Client {
    /// Mautic's version, such as `5.1.1`, from a header that only its API sends (FACTS 140).
    ///
    /// # Errors
    /// [`Error`]; [`Error::Shape`] when something answered that is no Mautic.
    pub async fn read_version(&self, priority: Priority) -> Result<String, Error> {
        let request = Request::get("/api/stats", priority);
        let call = request.call.clone();
        self.json(request).await?;
        self.version().ok_or_else(|| Error::Shape {
            call,
            problem: "no Mautic-Version header".to_owned(),
            excerpt: "headers".to_owned(),
        })
    }

    /// Whom the credentials belong to.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn me(&self, priority: Priority) -> Result<Me, Error> {
        let request = Request::get("/api/users/self", priority);
        self.read(request, |answer| {
            serde_json::from_value(answer).map_err(|error| error.to_string())
        })
        .await
    }

    /// The fields of contacts.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn contact_fields(&self, priority: Priority) -> Result<Vec<ContactField>, Error> {
        let request = Request::get("/api/fields/contact", priority).query("limit", FIELDS);
        let page: Page<ContactField> = self.page(request, "fields").await?;
        Ok(page.items)
    }

    /// All forms.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn forms(&self, priority: Priority) -> Result<Vec<Item>, Error> {
        self.all(Request::get("/api/forms", priority), "forms", PAGE)
            .await
    }

    /// All landing pages.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn pages(&self, priority: Priority) -> Result<Vec<LandingPage>, Error> {
        self.all(Request::get("/api/pages", priority), "pages", PAGE)
            .await
    }

    /// All emails.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn emails(&self, priority: Priority) -> Result<Vec<Item>, Error> {
        self.all(Request::get("/api/emails", priority), "emails", PAGE)
            .await
    }

    /// All assets.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn assets(&self, priority: Priority) -> Result<Vec<Item>, Error> {
        self.all(Request::get("/api/assets", priority), "assets", PAGE)
            .await
    }

    /// All stages.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn stages(&self, priority: Priority) -> Result<Vec<Item>, Error> {
        self.all(Request::get("/api/stages", priority), "stages", PAGE)
            .await
    }

    /// All campaigns.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn campaigns(&self, priority: Priority) -> Result<Vec<Item>, Error> {
        self.all(Request::get("/api/campaigns", priority), "campaigns", PAGE)
            .await
    }

    /// All text messages.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn messages(&self, priority: Priority) -> Result<Vec<Item>, Error> {
        self.all(Request::get("/api/smses", priority), "smses", PAGE)
            .await
    }

    /// All users, by the names they log in by.
    ///
    /// # Errors
    /// [`Error`] when Mautic can't be asked or answers something else.
    pub async fn users(&self, priority: Priority) -> Result<Vec<Item>, Error> {
        self.all(Request::get("/api/users", priority), "users", PAGE)
            .await
    }
}
