//! Definitions of contact fields (`lead_fields`).

use serde_json::{Value, json};

use super::{Id, Stamp, Table};

/// A row of `lead_fields` for contacts.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)] // columns of the table
pub struct ContactField {
    /// Its id; the first custom one is 44.
    pub id: Id,
    /// Author and times.
    pub stamp: Stamp,
    /// Label shown to people.
    pub label: String,
    /// Column name.
    pub alias: String,
    /// `text`, `number`, `boolean`, `select`, …
    pub kind: String,
    /// `core`, `social`, `personal` or `professional`.
    pub group: String,
    /// Position among the fields; several may share one.
    pub order: i64,
    /// Value of new contacts.
    pub default_value: Option<String>,
    /// Whether a contact form needs it.
    pub is_required: bool,
    /// Whether it came with the installation and cannot be deleted.
    pub is_fixed: bool,
    /// Listed in filters.
    pub is_listable: bool,
    /// Shown.
    pub is_visible: bool,
    /// Shown in the short form.
    pub is_short_visible: bool,
    /// Identifies a contact.
    pub is_unique: bool,
    /// Can be set by visitors.
    pub is_publicly_updatable: bool,
    /// Most characters of a text; 0 for no limit.
    pub length_limit: usize,
    /// Choices, labels of yes and no, number format.
    pub properties: Value,
}

/// Columns of `leads` that are fields, in the order of the table; custom ones follow in the order of creation.
pub const COLUMN_ORDER: &[&str] = &[
    "points",
    "last_active",
    "title",
    "firstname",
    "lastname",
    "company",
    "position",
    "email",
    "phone",
    "mobile",
    "address1",
    "address2",
    "city",
    "state",
    "zipcode",
    "timezone",
    "country",
    "fax",
    "preferred_locale",
    "attribution_date",
    "attribution",
    "website",
    "facebook",
    "foursquare",
    "instagram",
    "linkedin",
    "skype",
    "twitter",
];

/// Last id given at installation (contact and company fields share the table).
pub const LAST_INSTALLED: Id = 43;

/// Alias, label, type, whether fixed, whether in the short form.
type Standard = (&'static str, &'static str, &'static str, bool, bool);

const STANDARD: &[Standard] = &[
    ("title", "Title", "lookup", true, false),
    ("firstname", "First Name", "text", true, true),
    ("lastname", "Last Name", "text", true, true),
    ("company", "Primary company", "text", true, false),
    ("position", "Position", "text", true, false),
    ("email", "Email", "email", true, true),
    ("mobile", "Mobile", "tel", true, false),
    ("phone", "Phone", "tel", true, false),
    ("points", "Points", "number", true, false),
    ("fax", "Fax", "tel", false, false),
    ("address1", "Address Line 1", "text", true, false),
    ("address2", "Address Line 2", "text", true, false),
    ("city", "City", "text", true, false),
    ("state", "State", "region", true, false),
    ("zipcode", "Zip Code", "text", true, false),
    ("country", "Country", "country", true, false),
    (
        "preferred_locale",
        "Preferred Locale",
        "locale",
        true,
        false,
    ),
    ("timezone", "Preferred Timezone", "timezone", true, false),
    ("last_active", "Date Last Active", "datetime", true, false),
    (
        "attribution_date",
        "Attribution Date",
        "datetime",
        true,
        false,
    ),
    ("attribution", "Attribution", "number", true, false),
    ("website", "Website", "url", false, false),
    ("facebook", "Facebook", "text", false, false),
    ("foursquare", "Foursquare", "text", false, false),
    ("instagram", "Instagram", "text", false, false),
    (
        "linkedin",
        "mautic.lead.field.linkedin",
        "text",
        false,
        false,
    ),
    ("skype", "Skype", "text", false, false),
    ("twitter", "Twitter", "text", false, false),
];

/// Where the social fields begin among the standard ones.
const FIRST_SOCIAL: usize = 22;

/// The 28 contact fields of an installation; `published` names those that are in use, `None` means all.
#[must_use]
pub fn installed(published: Option<&[String]>) -> Table<ContactField> {
    let mut fields = Table::starting_after(LAST_INSTALLED);
    for (position, (alias, label, kind, is_fixed, is_short_visible)) in STANDARD.iter().enumerate()
    {
        let id = position as Id + 1;
        let is_published =
            published.is_none_or(|published| published.iter().any(|name| name == alias));
        let field = ContactField {
            id,
            stamp: Stamp {
                is_published,
                ..Stamp::default()
            },
            label: (*label).to_owned(),
            alias: (*alias).to_owned(),
            kind: (*kind).to_owned(),
            group: if position < FIRST_SOCIAL {
                "core"
            } else {
                "social"
            }
            .to_owned(),
            order: i64::try_from(id).unwrap_or(0),
            default_value: (*alias == "points").then(|| "0".to_owned()),
            is_required: false,
            is_fixed: *is_fixed,
            is_listable: true,
            is_visible: true,
            is_short_visible: *is_short_visible,
            is_unique: *alias == "email",
            is_publicly_updatable: false,
            length_limit: if is_text(kind) { 191 } else { 0 },
            properties: standard_properties(alias),
        };
        fields.put(id, field);
    }
    fields
}

fn is_text(kind: &str) -> bool {
    matches!(kind, "text" | "email" | "tel" | "url" | "lookup")
}

fn standard_properties(alias: &str) -> Value {
    match alias {
        "title" => json!({"list": ["Mr", "Mrs", "Miss"]}),
        "attribution" => json!({"roundmode": 4, "scale": 2}),
        _ => json!([]),
    }
}

/// The published fields in the order of their positions.
#[must_use]
pub fn in_order(fields: &Table<ContactField>) -> Vec<&ContactField> {
    let mut published: Vec<&ContactField> = fields
        .values()
        .filter(|field| field.stamp.is_published)
        .collect();
    published.sort_by_key(|field| field.order);
    published
}

/// The published fields in the order of the columns of `leads`.
#[must_use]
pub fn in_column_order(fields: &Table<ContactField>) -> Vec<&ContactField> {
    let mut published: Vec<&ContactField> = fields
        .values()
        .filter(|field| field.stamp.is_published)
        .collect();
    let place = |field: &ContactField| {
        COLUMN_ORDER
            .iter()
            .position(|alias| *alias == field.alias)
            .unwrap_or(COLUMN_ORDER.len())
    };
    published.sort_by_key(|field| (place(field), field.id));
    published
}
