//! Who made and changed a row, and when: the columns of Mautic's `FormEntity`.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::clock::iso;
use super::{Id, State};
use crate::api::list::Cell;

/// Who a request acts for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Actor {
    /// A visitor or a console command: changes carry no name.
    #[default]
    Nobody,
    /// A `client_credentials` token: a name, but no user id.
    Client {
        /// `sidecar [1]`.
        name: String,
    },
    /// A user logged in by Basic authentication.
    User {
        /// The user's id.
        id: Id,
        /// First and last name.
        name: String,
    },
}

impl Actor {
    /// The user's id, if it is a user.
    #[must_use]
    pub fn user_id(&self) -> Option<Id> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::Nobody | Self::Client { .. } => None,
        }
    }

    /// The name shown as author of changes.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Nobody => None,
            Self::Client { name } | Self::User { name, .. } => Some(name),
        }
    }
}

/// The columns every editable thing has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Whether it is in use.
    pub is_published: bool,
    /// When it was made.
    pub date_added: Option<Timestamp>,
    /// When it was changed last; `None` until the first change.
    pub date_modified: Option<Timestamp>,
    /// User who made it.
    pub created_by: Option<Id>,
    /// Name of who made it.
    pub created_by_user: Option<String>,
    /// User who changed it last.
    pub modified_by: Option<Id>,
    /// Name of who changed it last.
    pub modified_by_user: Option<String>,
}

impl Default for Stamp {
    fn default() -> Self {
        Self {
            is_published: true,
            date_added: None,
            date_modified: None,
            created_by: None,
            created_by_user: None,
            modified_by: None,
            modified_by_user: None,
        }
    }
}

impl Stamp {
    /// The marks of a row made now by whoever asks.
    pub fn created(&mut self, state: &State) {
        self.date_added = Some(state.now());
        self.created_by = state.actor.user_id();
        self.created_by_user = state.actor.name().map(str::to_owned);
    }

    /// The marks of a row changed now by whoever asks.
    pub fn modified(&mut self, state: &State) {
        self.date_modified = Some(state.now());
        self.modified_by = state.actor.user_id();
        // A visitor or the console is a user without names.
        self.modified_by_user = Some(state.actor.name().unwrap_or(" ").to_owned());
    }

    /// The marks of an edit: the author always, the time only when something changed that Mautic keeps track of.
    pub fn edited(&mut self, state: &State, changed: bool) {
        let before = self.date_modified;
        self.modified(state);
        if !changed {
            self.date_modified = before;
        }
    }

    /// One of these columns by its property's name.
    #[must_use]
    pub fn column(&self, column: &str) -> Option<Cell> {
        Some(match column {
            "isPublished" | "is_published" => self.is_published.into(),
            "dateAdded" | "date_added" => self.date_added.into(),
            "dateModified" | "date_modified" => self.date_modified.into(),
            "createdBy" | "created_by" => self.created_by.into(),
            "createdByUser" | "created_by_user" => self.created_by_user.clone().into(),
            "modifiedBy" | "modified_by" => self.modified_by.into(),
            "modifiedByUser" | "modified_by_user" => self.modified_by_user.clone().into(),
            _ => return None,
        })
    }

    /// The first seven members of a thing's JSON.
    #[must_use]
    pub fn json(&self) -> Map<String, Value> {
        let mut members = Map::new();
        members.insert("isPublished".to_owned(), json!(self.is_published));
        members.insert("dateAdded".to_owned(), json!(self.date_added.map(iso)));
        members.insert(
            "dateModified".to_owned(),
            json!(self.date_modified.map(iso)),
        );
        members.insert("createdBy".to_owned(), json!(self.created_by));
        members.insert("createdByUser".to_owned(), json!(self.created_by_user));
        members.insert("modifiedBy".to_owned(), json!(self.modified_by));
        members.insert("modifiedByUser".to_owned(), json!(self.modified_by_user));
        members
    }
}
