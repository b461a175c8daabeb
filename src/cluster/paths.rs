//! Paths of the API server, their queries, and the names of resources in roles.
//!
//! Every part that comes from a cluster or a chart is percent-encoded here, so that no name can lead a request to
//! another place.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

/// The path of a request, with its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiPath(String);

impl ApiPath {
    /// A group and version: `/api/v1`, `/apis/apps/v1`.
    pub(super) fn group_version(api_version: &str) -> Self {
        let path = Self(String::new());
        match api_version.split_once('/') {
            Some((group, version)) => path.child("apis").child(group).child(version),
            None => path.child("api").child(api_version),
        }
    }

    /// The path below this one. There must be no query yet.
    pub(super) fn child(mut self, segment: &str) -> Self {
        self.0.push('/');
        encode_into(&mut self.0, segment);
        self
    }

    /// The same path with one more parameter.
    pub(super) fn with(mut self, parameter: &str, value: &str) -> Self {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
        self.0.push_str(parameter);
        self.0.push('=');
        encode_into(&mut self.0, value);
        self
    }

    /// One page of the list that is at this path: its first, or the one that a continue token leads to.
    pub(super) fn page(&self, limit: u32, token: Option<&str>) -> Self {
        let page = self.clone().with("limit", &limit.to_string());
        match token {
            Some(token) => page.with("continue", token),
            None => page,
        }
    }
}

impl AsRef<str> for ApiPath {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ApiPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The same path of a request without the version that its answer shall at least have; `None` where it names none.
pub(super) fn without_version(path: &str) -> Option<String> {
    let (path, query) = path.split_once('?')?;
    let is_version = |parameter: &&str| parameter.starts_with("resourceVersion");
    let (versions, others): (Vec<&str>, Vec<&str>) = query.split('&').partition(is_version);
    if versions.is_empty() {
        return None;
    }
    Some(if others.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", others.join("&"))
    })
}

/// A resource: a kind of objects, as paths and roles name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ApiResource<'a> {
    pub(super) api_version: &'a str,
    pub(super) plural: &'a str,
}

impl<'a> ApiResource<'a> {
    /// Its objects in one namespace; all of them when none is named.
    pub(super) fn collection(self, namespace: Option<&str>) -> ApiPath {
        let root = ApiPath::group_version(self.api_version);
        let scope = match namespace {
            Some(namespace) => root.child("namespaces").child(namespace),
            None => root,
        };
        scope.child(self.plural)
    }

    /// One of its objects.
    pub(super) fn object(self, namespace: Option<&str>, name: &str) -> ApiPath {
        self.collection(namespace).child(name)
    }

    /// The resource with its group, as a role has to name it: `deployments.apps`.
    pub(super) fn role_name(self) -> Cow<'a, str> {
        match self.api_version.split_once('/') {
            None => Cow::Borrowed(self.plural),
            Some((group, _)) => Cow::Owned(format!("{}.{group}", self.plural)),
        }
    }
}

/// Percent-encodes whatever is not one of RFC 3986's unreserved characters.
fn encode_into(encoded: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEPLOYMENTS: ApiResource<'_> = ApiResource {
        api_version: "apps/v1",
        plural: "deployments",
    };
    const SECRETS: ApiResource<'_> = ApiResource {
        api_version: "v1",
        plural: "secrets",
    };

    #[test]
    fn groups_namespaces_and_names_become_paths() {
        for (path, expected) in [
            (ApiPath::group_version("v1"), "/api/v1"),
            (ApiPath::group_version("apps/v1"), "/apis/apps/v1"),
            (SECRETS.collection(None), "/api/v1/secrets"),
            (
                DEPLOYMENTS.collection(Some("shop")),
                "/apis/apps/v1/namespaces/shop/deployments",
            ),
            (
                DEPLOYMENTS.object(Some("shop"), "web"),
                "/apis/apps/v1/namespaces/shop/deployments/web",
            ),
            (
                SECRETS.object(Some("a/../b"), "system:x?y#z"),
                "/api/v1/namespaces/a%2F..%2Fb/secrets/system%3Ax%3Fy%23z",
            ),
        ] {
            assert_eq!(path.as_ref(), expected);
        }
    }

    #[test]
    fn a_query_begins_once_and_goes_on() {
        let list = SECRETS
            .collection(None)
            .with("labelSelector", "owner=helm,a in (b)");
        let expected = "/api/v1/secrets?labelSelector=owner%3Dhelm%2Ca%20in%20%28b%29&limit=500";
        assert_eq!(list.page(500, None).as_ref(), expected);
        assert_eq!(
            list.page(500, Some("a&b=")).as_ref(),
            format!("{expected}&continue=a%26b%3D")
        );
        assert_eq!(
            DEPLOYMENTS.collection(None).page(1, None).as_ref(),
            "/apis/apps/v1/deployments?limit=1"
        );
    }

    #[test]
    fn a_version_is_taken_out_of_a_query() {
        let object = SECRETS.object(Some("shop"), "web");
        assert_eq!(without_version(object.as_ref()), None);
        let versioned = object.clone().with("resourceVersion", "7");
        assert_eq!(
            without_version(versioned.as_ref()).as_deref(),
            Some(object.as_ref())
        );
        let list = SECRETS.collection(None).page(5, None);
        assert_eq!(without_version(list.as_ref()), None);
        let versioned = list.clone().with("resourceVersion", "7");
        let versioned = versioned.with("resourceVersionMatch", "NotOlderThan");
        assert_eq!(
            without_version(versioned.as_ref()).as_deref(),
            Some(list.as_ref())
        );
    }

    #[test]
    fn a_role_names_the_group() {
        assert_eq!(SECRETS.role_name(), "secrets");
        assert_eq!(DEPLOYMENTS.role_name(), "deployments.apps");
    }
}
