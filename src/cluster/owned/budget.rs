//! What all lists of one search together may take, and which of the limits were reached.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many objects of Helm's are looked at.
const MAX_SEEN: usize = 500_000;

/// How many bytes of metadata are read.
const MAX_READ_BYTES: u64 = 1 << 30;

/// How many objects are kept, and how many of one namespace: nobody who fills one namespace hides what is in others.
const MAX_KEPT: usize = 10_000;
const MAX_KEPT_OF_NAMESPACE: usize = 1_000;

/// What all lists together may take.
#[derive(Default)]
pub(super) struct Budget {
    pub(super) seen: AtomicUsize,
    pub(super) bytes: AtomicU64,
    kept: AtomicUsize,
    kept_of_namespace: Mutex<BTreeMap<Option<String>, usize>>,
    /// The API server takes no requests any more.
    pub(super) given_up: AtomicBool,
}

impl Budget {
    fn of_namespaces(&self) -> MutexGuard<'_, BTreeMap<Option<String>, usize>> {
        self.kept_of_namespace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether another object may be kept.
    pub(super) fn keep(&self, namespace: Option<&String>) -> bool {
        let mut kept = self.of_namespaces();
        let of_namespace = kept.entry(namespace.cloned()).or_default();
        *of_namespace += 1;
        *of_namespace <= MAX_KEPT_OF_NAMESPACE && self.kept.fetch_add(1, Ordering::Relaxed) < MAX_KEPT
    }

    /// Whether nothing more may be read.
    pub(super) fn is_spent(&self) -> bool {
        self.seen.load(Ordering::Relaxed) >= MAX_SEEN
            || self.bytes.load(Ordering::Relaxed) >= MAX_READ_BYTES
            || self.kept.load(Ordering::Relaxed) >= MAX_KEPT
    }

    /// The limits that were reached, in words.
    pub(super) fn breaches(&self) -> Vec<String> {
        let mut breaches = Vec::new();
        if self.seen.load(Ordering::Relaxed) >= MAX_SEEN {
            breaches.push(format!(
                "{MAX_SEEN} objects of Helm's are the most that are looked at"
            ));
        }
        if self.bytes.load(Ordering::Relaxed) >= MAX_READ_BYTES {
            breaches.push(format!(
                "{} MiB of metadata are the most that are read",
                MAX_READ_BYTES >> 20
            ));
        }
        if self.kept.load(Ordering::Relaxed) >= MAX_KEPT {
            breaches.push(format!("{MAX_KEPT} objects are the most that are listed"));
        }
        for (namespace, _) in self
            .of_namespaces()
            .iter()
            .filter(|(_, kept)| **kept > MAX_KEPT_OF_NAMESPACE)
        {
            let place = match namespace {
                Some(namespace) => format!("in namespace {namespace}"),
                None => "without a namespace".to_owned(),
            };
            breaches.push(format!(
                "{MAX_KEPT_OF_NAMESPACE} objects are the most that are listed {place}"
            ));
        }
        breaches
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_namespace_fills_no_more_than_its_own_part() {
        let budget = Budget::default();
        let evil = Some("evil".to_owned());
        let kept = (0..MAX_KEPT).filter(|_| budget.keep(evil.as_ref())).count();
        assert_eq!(kept, MAX_KEPT_OF_NAMESPACE);
        assert!(budget.keep(Some(&"shop".to_owned())) && !budget.is_spent());
        assert_eq!(
            budget.breaches(),
            ["1000 objects are the most that are listed in namespace evil"]
        );
    }
}
