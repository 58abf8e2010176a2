//! Names and ids of Mautic's things.

use super::super::parse::objects_key;
use super::super::{Catalog, Named, Ref};
use super::Binder;
use crate::diagnostics::{Severity, one_of, quote};
use crate::domain::{ActivityKind, CampaignId, EmailId, GroupId, SegmentId, StageId, UserId};

/// Things of one sort.
pub(super) struct Sort<'c> {
    word: &'static str,
    known: &'c [Named],
    /// Whether an id that Mautic does not have is an error. Deleted emails and pages are
    /// none: their activities are still in the journal.
    must_exist: bool,
}

/// A method that binds a reference to a thing that must exist.
macro_rules! things {
    ($($method:ident: $id:ident, $word:literal, $list:ident;)+) => {
        impl Binder<'_> {
            $(pub(super) fn $method(&mut self, thing: &Ref<$id>, path: &str) -> Option<$id> {
                let known = &self.catalog.$list;
                let sort = Sort { word: $word, known, must_exist: true };
                self.id(&sort, &thing.clone().map(|id| id.0), path).map($id)
            })+
        }
    };
}

things! {
    group: GroupId, "point group", groups;
    segment_id: SegmentId, "segment", segments;
    stage: StageId, "stage", stages;
    campaign: CampaignId, "campaign", campaigns;
    email: EmailId, "email", emails;
    user: UserId, "user", users;
}

impl<'p> Binder<'p> {
    /// A segment that the plan may write: one without filters.
    pub(super) fn static_segment(
        &mut self,
        segment: &Ref<SegmentId>,
        path: &str,
    ) -> Option<SegmentId> {
        let id = self.segment_id(segment, path)?;
        if self.catalog.filtered_segments.contains(&id) {
            let name = self.catalog.segment_name(id).unwrap_or_default();
            let message = format!(
                "the segment {} has filters: Mautic keeps it, a plan must not",
                quote(name)
            );
            self.error(
                path,
                message,
                "make a segment without filters in Mautic and name that one",
            );
            return None;
        }
        Some(id)
    }

    /// The things that activities of a kind are done to.
    pub(super) fn objects(&self, kind: ActivityKind) -> Sort<'p> {
        let catalog: &'p Catalog = self.catalog;
        let (word, known): (_, &[Named]) = match objects_key(kind) {
            Some("pages") => ("page", &catalog.pages),
            Some("emails") => ("email", &catalog.emails),
            Some("forms") => ("form", &catalog.forms),
            Some("assets") => ("asset", &catalog.assets),
            Some("messages") => ("text message", &catalog.messages),
            Some("segments") => ("segment", &catalog.segments),
            Some("stages") => ("stage", &catalog.stages),
            Some("campaigns") => ("campaign", &catalog.campaigns),
            _ => ("object", &[]),
        };
        Sort {
            word,
            known,
            must_exist: false,
        }
    }

    pub(super) fn id(&mut self, sort: &Sort<'_>, reference: &Ref<u32>, path: &str) -> Option<u32> {
        match reference {
            Ref::Id(id) => self.known_id(sort, *id, path),
            Ref::Name(name) => self.id_of(sort, name, path),
        }
    }

    fn known_id(&mut self, sort: &Sort<'_>, id: u32, path: &str) -> Option<u32> {
        if sort.known.iter().any(|thing| thing.id == id) || self.is_variant(sort, id) {
            return Some(id);
        }
        let message = format!("Mautic has no {} with the id {id}", sort.word);
        let hint = format!("look up the {} in Mautic, or write its name", sort.word);
        if sort.must_exist {
            self.error(path, message, hint);
            return None;
        }
        let warning = self
            .plan
            .places
            .finding(path, Severity::Warning, message, hint);
        self.findings.push(warning);
        Some(id)
    }

    fn is_variant(&self, sort: &Sort<'_>, id: u32) -> bool {
        sort.word == "page" && self.catalog.page_variants.contains_key(&id)
    }

    fn id_of(&mut self, sort: &Sort<'_>, name: &str, path: &str) -> Option<u32> {
        let named: Vec<u32> = sort
            .known
            .iter()
            .filter(|thing| thing.name == name)
            .map(|thing| thing.id)
            .collect();
        match named.as_slice() {
            [id] => return Some(*id),
            [] => {
                let all: Vec<&str> = sort.known.iter().map(|thing| thing.name.as_str()).collect();
                let message = format!("Mautic has no {} named {}", sort.word, quote(name));
                self.error(path, message, one_of(name, &all));
            }
            several => {
                let ids: Vec<String> = several.iter().map(ToString::to_string).collect();
                let message = format!("Mautic has several {}s named {}", sort.word, quote(name));
                self.error(
                    path,
                    message,
                    format!("write the id instead: {}", ids.join(" or ")),
                );
            }
        }
        None
    }
}
