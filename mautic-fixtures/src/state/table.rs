//! A database table: rows by id, ids given by a counter that never goes back.

use std::collections::BTreeMap;

/// The id of a row; 0 is no row.
pub type Id = u64;

/// Rows in the order of their ids.
#[derive(Clone, Debug)]
pub struct Table<T> {
    rows: BTreeMap<Id, T>,
    last: Id,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            last: 0,
        }
    }
}

impl<T> Table<T> {
    /// A table whose first id comes after `last`, for tables that were filled at installation.
    #[must_use]
    pub fn starting_after(last: Id) -> Self {
        Self {
            rows: BTreeMap::new(),
            last,
        }
    }

    /// The id given last; 0 before the first.
    #[must_use]
    pub fn last_id(&self) -> Id {
        self.last
    }

    /// Takes the next id without storing a row, as a rolled back insert does.
    pub fn take_id(&mut self) -> Id {
        self.last += 1;
        self.last
    }

    /// Stores the row made for the next id.
    pub fn insert_with(&mut self, make: impl FnOnce(Id) -> T) -> Id {
        let id = self.take_id();
        self.rows.insert(id, make(id));
        id
    }

    /// Stores a row under an id taken before.
    pub fn put(&mut self, id: Id, row: T) {
        self.last = self.last.max(id);
        self.rows.insert(id, row);
    }

    /// The row, if there is one.
    #[must_use]
    pub fn get(&self, id: Id) -> Option<&T> {
        self.rows.get(&id)
    }

    /// The row to change, if there is one.
    pub fn get_mut(&mut self, id: Id) -> Option<&mut T> {
        self.rows.get_mut(&id)
    }

    /// Deletes a row; its id is not used again.
    pub fn remove(&mut self, id: Id) -> Option<T> {
        self.rows.remove(&id)
    }

    /// Deletes the rows that are not to be kept.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.rows.retain(|_, row| keep(row));
    }

    /// Whether there is such a row.
    #[must_use]
    pub fn contains(&self, id: Id) -> bool {
        self.rows.contains_key(&id)
    }

    /// Ids and rows, lowest id first.
    #[must_use]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (Id, &T)> {
        self.rows.iter().map(|(id, row)| (*id, row))
    }

    /// Rows to change, lowest id first.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut T> {
        self.rows.values_mut()
    }

    /// Rows, lowest id first.
    #[must_use]
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.values()
    }

    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}
