//! The contact model: loading, editing, saving with all that a save sets off, deleting, and the JSON in its many shapes.

mod delete;
mod dispatch;
mod do_not_contact;
mod edit;
pub mod json;
mod points;
mod save;
mod tags;

pub use delete::delete;
pub use do_not_contact::{add_do_not_contact, note_do_not_contact, remove_do_not_contact};
pub use edit::{
    add_ip_address, add_updated_field, constructed, ensure_fields, load, load_as_list,
    set_field_values, set_last_active, set_owner, set_stage,
};
pub use points::{Operator, PointsEntry, adjust_points, log_points};
pub use save::{create, create_tracked, save};
pub use tags::{modify_tags, modify_tags_of};
