//! Forms and what was submitted.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::state::{Id, Stamp};

/// A row of `forms` with its fields and actions.
#[derive(Clone, Debug, Default)]
pub struct Form {
    /// Its id; 0 until it is stored.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Name.
    pub name: String,
    /// Made of the name.
    pub alias: String,
    /// Category.
    pub category: Option<Id>,
    /// Description.
    pub description: Option<String>,
    /// Start of publication.
    pub publish_up: Option<Timestamp>,
    /// End of publication.
    pub publish_down: Option<Timestamp>,
    /// Fields in order.
    pub fields: Vec<FormField>,
    /// What a submission does, in order.
    pub actions: Vec<FormAction>,
    /// Theme.
    pub template: Option<String>,
    /// Whether every submission is another person's.
    pub in_kiosk_mode: bool,
    /// Whether Mautic's style is used.
    pub render_style: bool,
    /// `standalone` or `campaign`.
    pub form_type: String,
    /// `return`, `redirect` or `message`.
    pub post_action: String,
    /// Target or text of the post action.
    pub post_action_property: Option<String>,
    /// Whether search engines are kept out.
    pub no_index: Option<bool>,
}

/// A row of `form_fields`.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // a row has the columns it has
pub struct FormField {
    /// Its id.
    pub id: Id,
    /// Label.
    pub label: String,
    /// Whether the label is shown.
    pub show_label: bool,
    /// Name in submissions.
    pub alias: String,
    /// `email`, `text`, `checkboxgrp`, …
    pub kind: String,
    /// Value to start with.
    pub default_value: Option<String>,
    /// Whether a submission without it is refused.
    pub is_required: bool,
    /// Text for such a refusal.
    pub validation_message: Option<String>,
    /// Text beside the field.
    pub help_message: Option<String>,
    /// Options of its kind.
    pub properties: Value,
    /// `contact` or `company`.
    pub mapped_object: Option<String>,
    /// Contact field the value goes to.
    pub mapped_field: Option<String>,
    /// Whether the value is kept with the submission.
    pub save_result: bool,
    /// Whether it is filled for known visitors.
    pub is_auto_fill: bool,
}

/// A row of `form_actions`.
#[derive(Clone, Debug)]
pub struct FormAction {
    /// Its id.
    pub id: Id,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// `lead.pointschange`, `lead.changetags`, …
    pub kind: String,
    /// Options of its kind.
    pub properties: Value,
}

/// A row of `form_submissions` with its results.
#[derive(Clone, Debug)]
pub struct Submission {
    /// Its id.
    pub id: Id,
    /// Form.
    pub form: Id,
    /// `ip_addresses` row.
    pub ip: Id,
    /// Contact; `None` after its deletion.
    pub contact: Option<Id>,
    /// Landing page it was made on.
    pub page: Option<Id>,
    /// Tracking id of the device.
    pub tracking_id: Option<String>,
    /// When.
    pub date_submitted: Timestamp,
    /// Page the form stands on.
    pub referer: String,
    /// Values by field alias, escaped.
    pub results: Map<String, Value>,
}
