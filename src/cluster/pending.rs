//! The objects of one kind that are still to be read, shared by a list and the GETs after it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The name of an object within its kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct NamespacedName {
    /// `None` for cluster-scoped objects.
    pub(super) namespace: Option<String>,
    pub(super) name: String,
}

/// The objects that are still to be read. Each is taken out when it was read, so that none is handed on twice.
pub(super) struct PendingReads<T>(Arc<Mutex<HashMap<NamespacedName, T>>>);

impl<T> Clone for PendingReads<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> FromIterator<(NamespacedName, T)> for PendingReads<T> {
    fn from_iter<I: IntoIterator<Item = (NamespacedName, T)>>(wanted: I) -> Self {
        Self(Arc::new(Mutex::new(wanted.into_iter().collect())))
    }
}

impl<T> PendingReads<T> {
    fn map(&self) -> MutexGuard<'_, HashMap<NamespacedName, T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many are left.
    pub(super) fn len(&self) -> usize {
        self.map().len()
    }

    /// How many of those that are left satisfy a predicate.
    pub(super) fn count(&self, predicate: impl Fn(&T) -> bool) -> usize {
        self.map().values().filter(|wanted| predicate(wanted)).count()
    }

    /// Takes out the one with this name, if it is still wanted.
    pub(super) fn take(&self, name: &NamespacedName) -> Option<T> {
        self.map().remove(name)
    }

    /// Takes out those that satisfy a predicate.
    pub(super) fn take_if(&self, predicate: impl Fn(&T) -> bool) -> Vec<T> {
        let mut map = self.map();
        map.extract_if(|_, wanted| predicate(wanted))
            .map(|(_, wanted)| wanted)
            .collect()
    }

    /// Takes out all that are left, in the order of their names.
    pub(super) fn take_all(&self) -> Vec<T> {
        let mut left: Vec<(NamespacedName, T)> = std::mem::take(&mut *self.map()).into_iter().collect();
        left.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        left.into_iter().map(|(_, wanted)| wanted).collect()
    }

    /// The budget that all of those which satisfy a predicate share; `None` where there is no such budget.
    pub(super) fn shared<B>(
        &self,
        predicate: impl Fn(&T) -> bool,
        budget: impl Fn(&T) -> Option<Arc<B>>,
    ) -> Option<Arc<B>> {
        let map = self.map();
        let mut budgets = map.values().filter(|wanted| predicate(wanted)).map(budget);
        let first = budgets.next()??;
        budgets
            .all(|other| other.is_some_and(|other| Arc::ptr_eq(&first, &other)))
            .then_some(first)
    }
}
