//! Totals: topics made of topics.

use super::Binder;
use crate::diagnostics::quote;

impl Binder<'_> {
    /// Indexes of the topics, parts before their totals; reports a total that contains itself.
    pub(super) fn totals_last(&mut self) -> Option<Vec<usize>> {
        let plan = self.plan;
        let mut order: Vec<usize> = Vec::with_capacity(plan.topics.len());
        loop {
            let ready = |index: &usize| {
                let mut parts = plan.topics[*index].sum_of.iter();
                parts.all(|(part, _)| order.iter().any(|done| plan.topics[*done].key == *part))
            };
            let all = 0..plan.topics.len();
            let next: Vec<usize> = all
                .filter(|index| !order.contains(index))
                .filter(ready)
                .collect();
            if next.is_empty() {
                break;
            }
            order.extend(next);
        }
        if order.len() == plan.topics.len() {
            return Some(order);
        }
        self.report_circle(&order);
        None
    }

    /// A total of an unknown topic is reported where its parts are bound.
    fn report_circle(&mut self, order: &[usize]) {
        let plan = self.plan;
        let known = |index: usize| {
            let mut parts = plan.topics[index].sum_of.iter();
            parts.all(|(part, _)| plan.topics.iter().any(|topic| topic.key == *part))
        };
        let all = 0..plan.topics.len();
        if let Some(index) = all
            .filter(|index| !order.contains(index))
            .find(|index| known(*index))
        {
            let message = format!(
                "the topic {} is a part of itself",
                quote(&plan.topics[index].key.0)
            );
            let hint = "take one of the topics out of `sum_of`";
            self.error(&format!("topic.{index}.sum_of"), message, hint);
        }
    }
}
