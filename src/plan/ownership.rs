//! One writer for each thing: two rules that keep the same segment would fight for ever.

use std::collections::BTreeMap;

/// Segments that a plan writes or reads, each with where it says so.
#[derive(Debug)]
pub(super) struct Claims<K, W> {
    /// Groups of topics.
    pub(super) groups: Vec<(K, W)>,
    /// Declared segments.
    pub(super) declared: Vec<(K, W)>,
    /// Segments that triggers change.
    pub(super) changed: Vec<(K, W)>,
    /// Segments that profile rules ask about.
    pub(super) asked: Vec<(K, W)>,
}

impl<K, W> Default for Claims<K, W> {
    fn default() -> Self {
        Self {
            groups: Vec::new(),
            declared: Vec::new(),
            changed: Vec::new(),
            asked: Vec::new(),
        }
    }
}

/// A conflict: where, what, what to do.
pub(super) type Conflict<'c, W> = (&'c W, &'static str, &'static str);

impl<K: Ord, W> Claims<K, W> {
    /// Claims that cannot stand together, each at the later one.
    pub(super) fn conflicts(&self) -> Vec<Conflict<'_, W>> {
        let groups = repeated(&self.groups).map(|place| {
            let message = "two topics write this point group";
            (place, message, "give each topic a group of its own")
        });
        let declared = repeated(&self.declared).map(|place| {
            let message = "this segment is declared twice";
            (place, message, "keep one [[segment]] for each segment")
        });
        let changed = self.kept(&self.changed).map(|place| {
            let message =
                "this segment is declared, so its score keeps it and no trigger may change it";
            (
                place,
                message,
                "use another segment here, or remove its [[segment]]",
            )
        });
        let circular = self.written(&self.asked).map(|place| {
            let message = "this plan writes this segment, so a score would depend on itself";
            (
                place,
                message,
                "ask about a segment that this plan does not write",
            )
        });
        groups
            .chain(declared)
            .chain(changed)
            .chain(circular)
            .collect()
    }

    fn kept<'c>(&'c self, claims: &'c [(K, W)]) -> impl Iterator<Item = &'c W> {
        places_of(claims, |key| has(&self.declared, key))
    }

    fn written<'c>(&'c self, claims: &'c [(K, W)]) -> impl Iterator<Item = &'c W> {
        places_of(claims, |key| {
            has(&self.declared, key) || has(&self.changed, key)
        })
    }
}

fn has<K: Eq, W>(claims: &[(K, W)], key: &K) -> bool {
    claims.iter().any(|(claimed, _)| claimed == key)
}

fn places_of<K, W>(claims: &[(K, W)], wanted: impl Fn(&K) -> bool) -> impl Iterator<Item = &W> {
    claims
        .iter()
        .filter(move |(key, _)| wanted(key))
        .map(|(_, place)| place)
}

/// Places of the second and later claims of a key.
pub(super) fn repeated<K: Ord, W>(claims: &[(K, W)]) -> impl Iterator<Item = &W> {
    let mut times = BTreeMap::<&K, usize>::new();
    claims.iter().filter_map(move |(key, place)| {
        let seen = times.entry(key).or_default();
        *seen += 1;
        (*seen > 1).then_some(place)
    })
}
