//! The version of a kind's objects that a scan has seen.
//!
//! An API server answers a request that asks for nothing older than a version from its watch cache, once that is as new.
//! Without a version it asks etcd, for the object itself or for its version, and waits until its cache is as new as that
//! (Kubernetes: `apiserver/pkg/storage/cacher/delegator.go`, `Get` and `GetList`). So the first list of a kind shows what
//! etcd has, and every request after it shows nothing older than that list did.

use std::sync::{Mutex, PoisonError};

use super::paths::ApiPath;

/// The newest version of the lists of one kind; none before the first one.
#[derive(Debug, Default)]
pub(super) struct SeenVersion(Mutex<Option<String>>);

impl SeenVersion {
    /// Notes the version of a list. Those of one kind are numbers that grow (Kubernetes:
    /// `apimachinery/pkg/util/resourceversion`); of anything else the last one counts.
    pub(super) fn note(&self, version: &str) {
        let number = |version: &str| version.parse::<u128>().ok();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_older = seen.as_deref().is_some_and(
            |seen| matches!((number(seen), number(version)), (Some(seen), Some(new)) if new < seen),
        );
        if !is_older && !version.is_empty() && version != "0" {
            *seen = Some(version.to_owned());
        }
    }

    /// An object that is no older.
    pub(super) fn object(&self, path: ApiPath) -> ApiPath {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some(version) => path.with("resourceVersion", version),
            None => path,
        }
    }

    /// The first page of a list that is no older.
    pub(super) fn list(&self, path: ApiPath) -> ApiPath {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*seen {
            Some(version) => path
                .with("resourceVersion", version)
                .with("resourceVersionMatch", "NotOlderThan"),
            None => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path() -> ApiPath {
        ApiPath::group_version("v1").child("secrets")
    }

    #[test]
    fn the_first_list_is_of_what_etcd_has_and_later_requests_are_of_nothing_older() {
        let seen = SeenVersion::default();
        assert_eq!(seen.list(path()), path());
        assert_eq!(seen.object(path()), path());
        seen.note("1000");
        // Shorter, and yet older as a number.
        seen.note("999");
        seen.note("");
        seen.note("0");
        assert_eq!(
            seen.object(path()).as_ref(),
            "/api/v1/secrets?resourceVersion=1000"
        );
        let list = "/api/v1/secrets?resourceVersion=1000&resourceVersionMatch=NotOlderThan";
        assert_eq!(seen.list(path()).as_ref(), list);
        seen.note("1001");
        assert_eq!(
            seen.object(path()).as_ref(),
            "/api/v1/secrets?resourceVersion=1001"
        );
    }
}
