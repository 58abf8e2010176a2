//! What there is to visit.

use super::api::Access;

/// What [`super::set_up`] is to make.
#[derive(Clone, Debug)]
pub struct CatalogPlan {
    /// Names of the topics; a point group each.
    pub topics: Vec<String>,
    /// Where the shop's pages are, without a trailing slash; nothing is fetched from there.
    pub shop_url: String,
}

impl Default for CatalogPlan {
    /// Four topics of a shop for kitchen machines.
    fn default() -> Self {
        let topics = ["Ovens", "Dishwashers", "Fridges", "Coffee"];
        Self {
            topics: topics.map(str::to_owned).to_vec(),
            shop_url: "http://shop.example.test".to_owned(),
        }
    }
}

impl CatalogPlan {
    /// A plan with this many topics.
    #[must_use]
    pub fn with_topics(count: usize) -> Self {
        let mut plan = Self::default();
        while plan.topics.len() < count {
            plan.topics.push(format!("Topic {}", plan.topics.len() + 1));
        }
        plan.topics.truncate(count.max(1));
        plan
    }
}

/// A topic with everything that belongs to it.
#[derive(Clone, Debug)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its part of the shop's URLs.
    pub slug: String,
    /// Id of its point group.
    pub group: u64,
    /// Id of its landing page.
    pub page: u64,
    /// Alias of its landing page.
    pub page_alias: String,
    /// Id of its form.
    pub form: u64,
    /// Alias of its form.
    pub form_alias: String,
    /// Id of its asset.
    pub asset: u64,
    /// Path of its asset: `/asset/1:guide`.
    pub asset_path: String,
    /// Id of its email.
    pub email: u64,
    /// Links of its email, in order.
    pub links: Vec<String>,
    /// Id of its static segment.
    pub segment: u64,
    /// Ids of its point actions (with the topic's group): hit of its pages, landing page, form, asset, open, send.
    pub actions: Vec<u64>,
}

/// Everything a script is played on.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// How to reach the REST API.
    pub access: Access,
    /// Where the shop's pages are.
    pub shop_url: String,
    /// The topics.
    pub topics: Vec<Topic>,
    /// Ids of the point actions that pay main points, one of each kind.
    pub main_actions: Vec<u64>,
    /// Id of the campaign fed by the first topic's segment.
    pub campaign: u64,
}

impl Catalog {
    /// The topic at a position of a script; scripts with more topics than the catalog start over.
    #[must_use]
    pub fn topic(&self, position: usize) -> Option<&Topic> {
        self.topics.get(position % self.topics.len().max(1))
    }
}
