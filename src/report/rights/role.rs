//! The roles that an account lacks, as YAML for `kubectl apply -f -`.
//!
//! A role holds all rights that the scan needs in its place, and not only the missing ones: applied again after releases
//! came or went, it never takes away what it gave before and is still needed. Its name holds the account and the
//! namespaces of the scan, so that the roles of two scans do not replace each other.
//!
//! The names in it come from the cluster. A resource or a namespace with a name that Kubernetes does not accept is left
//! out, and a comment says so.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::model::rights::{Account, NeededRight, Resource, RightTarget, RightsReport, Verb};
use crate::report::sanitize::{Medium, sanitize};
use crate::shell::{ObjectName, Word};

/// Why no role can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoRole {
    /// Nobody knows whom to bind it to.
    #[error(
        "the API server does not say which account this is: name one with --service-account NAMESPACE/NAME"
    )]
    UnknownAccount,
    /// The name of the account cannot stand in a binding.
    #[error(
        "the name of the account holds something that a terminal or a CI runner would act on, so no binding is printed"
    )]
    AccountName,
    /// The role has no form as YAML.
    #[error("the role cannot be written as YAML")]
    Yaml,
}

const RBAC: &str = "rbac.authorization.k8s.io";

/// What a document says where nothing is missing.
const NOTHING: &str = "# Nothing is missing.\n";

/// How many releases a comment names.
const NAMED: usize = 5;

/// The longest part of a role's name that is made of names; beyond that it is made of their hash.
const MAX_PART: usize = 80;

/// The paths below those that a scan asks for, which are many.
const DISCOVERY: [&str; 5] = ["/api", "/api/*", "/apis", "/apis/*", "/openapi/v3/*"];

/// The roles with something missing and their bindings, as YAML documents.
pub fn roles(report: &RightsReport) -> Result<String, NoRole> {
    if report.missing().next().is_none() {
        return Ok(NOTHING.to_owned());
    }
    let account = report.account.as_ref().ok_or(NoRole::UnknownAccount)?;
    let name = role_name(account, &report.namespaces)?;
    let mut places: BTreeMap<Option<&str>, Vec<&NeededRight>> = BTreeMap::new();
    for right in &report.rights {
        places.entry(namespace(&right.target)).or_default().push(right);
    }
    let mut text = String::new();
    for (namespace, rights) in places {
        if rights.iter().all(|right| right.missing.is_empty()) {
            continue;
        }
        let place = match namespace {
            Some(namespace) if Word::namespace(namespace).is_err() => {
                text.push_str("# Left out: a namespace with a name that Kubernetes does not accept.\n");
                continue;
            }
            namespace => Place {
                namespace,
                name: &name,
            },
        };
        for comment in comments(&rights) {
            text.extend(["# ", &comment, "\n"]);
        }
        for document in [place.role(&rights), place.binding(account)] {
            text.push_str("---\n");
            text.push_str(&serde_saphyr::to_string(&document).map_err(|_| NoRole::Yaml)?);
        }
    }
    Ok(text)
}

/// The namespace whose role grants a right; `None` where only a cluster role does.
fn namespace(target: &RightTarget) -> Option<&str> {
    match target {
        RightTarget::Namespace { namespace, .. } => Some(namespace),
        RightTarget::AllNamespaces { .. } | RightTarget::Cluster { .. } | RightTarget::Path { .. } => None,
    }
}

/// The resource of a right, where it is about one with a name that a role can hold.
fn resource(target: &RightTarget) -> Option<&Resource> {
    let resource = match target {
        RightTarget::Namespace { resource, .. }
        | RightTarget::AllNamespaces { resource }
        | RightTarget::Cluster { resource } => resource,
        RightTarget::Path { .. } => return None,
    };
    let api_version = match resource.group.as_str() {
        "" => "v1".to_owned(),
        group => format!("{group}/v1"),
    };
    let is_plural = Word::resource(&api_version, &resource.resource).is_ok();
    is_plural.then_some(resource)
}

/// Which releases the missing rights are for, and what is left out.
fn comments(rights: &[&NeededRight]) -> Vec<String> {
    let mut comments = Vec::new();
    for right in rights.iter().filter(|right| !right.missing.is_empty()) {
        let verbs: Vec<&str> = right.missing.iter().map(|verb| verb.as_str()).collect();
        let subject = match (&right.target, resource(&right.target)) {
            (_, Some(resource)) => resource.to_string(),
            (RightTarget::Path { .. }, None) => "paths of the API server".to_owned(),
            (_, None) => {
                comments.push("Left out: a resource with a name that Kubernetes does not accept.".to_owned());
                continue;
            }
        };
        let releases = releases(&right.releases);
        comments.push(format!(
            "Missing: {} {subject}, for {}{releases}.",
            verbs.join(", "),
            right.purpose.message()
        ));
    }
    comments
}

/// Some of the releases whose names Kubernetes and Helm accept, and how many others there are.
fn releases(releases: &[String]) -> String {
    let is_plain = |name: &&String| {
        let parts = name.split_once('/');
        parts.is_some_and(|(namespace, name)| {
            Word::namespace(namespace).is_ok() && Word::release(name).is_ok()
        })
    };
    let named: Vec<&str> = releases
        .iter()
        .filter(is_plain)
        .take(NAMED)
        .map(String::as_str)
        .collect();
    if named.is_empty() {
        return String::new();
    }
    let others = match releases.len() - named.len() {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    format!(": {}{others}", named.join(", "))
}

/// Where a role is.
struct Place<'a> {
    namespace: Option<&'a str>,
    name: &'a str,
}

impl Place<'_> {
    fn kind(&self, cluster: &'static str, namespaced: &'static str) -> &'static str {
        match self.namespace {
            Some(_) => namespaced,
            None => cluster,
        }
    }

    fn metadata(&self) -> Value {
        let mut metadata = json!({"name": self.name, "labels": {"app.kubernetes.io/name": "driftline"}});
        if let Some(namespace) = self.namespace {
            metadata["namespace"] = json!(namespace);
        }
        metadata
    }

    fn role(&self, rights: &[&NeededRight]) -> Value {
        let mut verbs: BTreeMap<&Resource, BTreeSet<Verb>> = BTreeMap::new();
        for right in rights {
            if let Some(resource) = resource(&right.target) {
                verbs.entry(resource).or_default().extend(&right.verbs);
            }
        }
        let mut grouped: BTreeMap<(&str, &BTreeSet<Verb>), Vec<&str>> = BTreeMap::new();
        for (resource, verbs) in &verbs {
            let rule = grouped.entry((&resource.group, verbs)).or_default();
            rule.push(&resource.resource);
        }
        let rules = grouped
            .into_iter()
            .map(|((group, verbs), resources)| json!({"apiGroups": [group], "resources": resources, "verbs": verbs}));
        let is_path = |right: &&NeededRight| matches!(right.target, RightTarget::Path { .. });
        let paths = rights.iter().copied().any(|right| is_path(&right));
        let paths = paths.then(|| json!({"nonResourceURLs": DISCOVERY, "verbs": [Verb::Get]}));
        let rules: Vec<Value> = rules.chain(paths).collect();
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": self.kind("ClusterRole", "Role"),
            "metadata": self.metadata(),
            "rules": rules,
        })
    }

    fn binding(&self, account: &Account) -> Value {
        let subject = match account {
            Account::ServiceAccount { namespace, name } => {
                json!({"kind": "ServiceAccount", "name": name, "namespace": namespace})
            }
            Account::User { name } => json!({"apiGroup": RBAC, "kind": "User", "name": name}),
        };
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": self.kind("ClusterRoleBinding", "RoleBinding"),
            "metadata": self.metadata(),
            "roleRef": {"apiGroup": RBAC, "kind": self.kind("ClusterRole", "Role"), "name": self.name},
            "subjects": [subject],
        })
    }
}

/// The name of the roles of an account for some namespaces. A name of a role is a path segment (Kubernetes:
/// `pkg/apis/rbac/validation/validation.go`, `ValidateRBACName`).
fn role_name(account: &Account, namespaces: &[String]) -> Result<String, NoRole> {
    let account = match account {
        Account::ServiceAccount { namespace, name } => {
            let is_named = Word::namespace(namespace).is_ok() && ObjectName::new("", name).is_ok();
            if !is_named {
                return Err(NoRole::AccountName);
            }
            format!("{namespace}:{name}")
        }
        Account::User { name } => {
            if sanitize(name, Medium::CiLog) != name.as_str() {
                return Err(NoRole::AccountName);
            }
            name.clone()
        }
    };
    let mut name = format!("driftline:{}", part(&account));
    if !namespaces.is_empty() {
        name.push(':');
        name.push_str(&part(&namespaces.join("-")));
    }
    Ok(name)
}

/// A text as a part of a name: itself where it is plain and short, else its hash.
fn part(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:@_-".contains(&byte);
    if text.len() <= MAX_PART && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    let hash: [u8; 32] = Sha256::digest(text.as_bytes()).into();
    let beginning = hash.first_chunk().copied().unwrap_or_default();
    format!("{:016x}", u64::from_be_bytes(beginning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rights::{RIGHTS_SCHEMA, RightPurpose};
    use crate::model::{Cluster, Tool};
    use crate::shell::ClusterFlags;

    fn right(target: RightTarget, missing: &[Verb]) -> NeededRight {
        NeededRight {
            missing: missing.to_vec(),
            purpose: RightPurpose::Objects,
            target,
            verbs: vec![Verb::Get, Verb::List],
            releases: vec!["shop/web".to_owned(), "shop/$(reboot)".to_owned()],
        }
    }

    fn in_shop(group: &str, resource: &str, missing: &[Verb]) -> NeededRight {
        let target = RightTarget::Namespace {
            resource: Resource::new(group, resource),
            namespace: "shop".to_owned(),
        };
        right(target, missing)
    }

    fn report(rights: Vec<NeededRight>) -> RightsReport {
        RightsReport {
            schema: RIGHTS_SCHEMA.to_owned(),
            tool: Tool {
                name: "driftline".to_owned(),
                version: "0".to_owned(),
            },
            cluster: Cluster {
                name: "test".to_owned(),
                server: String::new(),
            },
            account: Some("ops/driftline".parse().unwrap()),
            is_own_account: true,
            namespaces: vec!["shop".to_owned()],
            releases: Vec::new(),
            rights,
            errors: Vec::new(),
            flags: ClusterFlags::default(),
        }
    }

    fn documents(report: &RightsReport) -> Vec<Value> {
        serde_saphyr::from_multiple(&roles(report).unwrap()).unwrap()
    }

    #[test]
    fn a_role_holds_everything_that_its_namespace_needs_and_is_bound() {
        let all = [Verb::Get, Verb::List];
        let report = report(vec![
            in_shop("apps", "deployments", &all),
            in_shop("apps", "statefulsets", &[]),
            in_shop("", "secrets", &[]),
        ]);
        let [role, binding] = documents(&report).try_into().unwrap();
        let name = "driftline:ops:driftline:shop";
        assert_eq!(
            (role["kind"].as_str(), role["metadata"]["name"].as_str()),
            (Some("Role"), Some(name))
        );
        assert_eq!(role["metadata"]["namespace"], "shop");
        assert_eq!(
            role["rules"],
            json!([
                {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list"]},
                {"apiGroups": ["apps"], "resources": ["deployments", "statefulsets"], "verbs": ["get", "list"]},
            ])
        );
        assert_eq!(binding["roleRef"]["name"], name);
        assert_eq!(
            binding["subjects"],
            json!([{"kind": "ServiceAccount", "name": "driftline", "namespace": "ops"}])
        );
        // Only what is missing is named, with the releases whose names are plain.
        let text = roles(&report).unwrap();
        let comments: Vec<&str> = text.lines().filter(|line| line.starts_with('#')).collect();
        assert_eq!(
            comments,
            ["# Missing: get, list deployments.apps, for the objects of releases: shop/web and 1 more."]
        );
    }

    #[test]
    fn resources_without_namespaces_need_a_cluster_role_and_complete_places_none() {
        let cluster = RightTarget::Cluster {
            resource: Resource::new("storage.k8s.io", "storageclasses"),
        };
        let report = report(vec![
            in_shop("apps", "deployments", &[]),
            right(cluster, &[Verb::List]),
        ]);
        let kinds: Vec<Value> = documents(&report)
            .iter()
            .map(|document| document["kind"].clone())
            .collect();
        assert_eq!(kinds, ["ClusterRole", "ClusterRoleBinding"]);
    }

    #[test]
    fn hostile_names_stand_in_no_role() {
        let all = [Verb::Get];
        let hostile = "x\n- apiGroups: [\"*\"]";
        let mut report = report(vec![
            in_shop("apps", hostile, &all),
            in_shop(hostile, "widgets", &all),
            in_shop("", "configmaps", &all),
        ]);
        assert_eq!(
            documents(&report)[0]["rules"],
            json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}])
        );
        for name in ["jane\u{1b}[2J", "jane\n- kind: Group", "##[group]jane"] {
            report.account = Some(Account::User {
                name: name.to_owned(),
            });
            assert_eq!(roles(&report), Err(NoRole::AccountName), "{name:?}");
        }
        report.account = None;
        assert_eq!(roles(&report), Err(NoRole::UnknownAccount));
    }

    #[test]
    fn two_accounts_and_two_selections_have_roles_of_different_names() {
        let user = |name: &str| Account::User {
            name: name.to_owned(),
        };
        let shop = ["shop".to_owned()];
        let many: Vec<String> = (0..40).map(|number| format!("tenant-{number}")).collect();
        let names: BTreeSet<String> = [
            (user("a/b"), &[][..]),
            (user("a-b"), &[]),
            (user("a-b"), &shop),
            (user("a-b"), &many),
            (user("a-b"), &many[1..]),
        ]
        .iter()
        .map(|(account, namespaces)| role_name(account, namespaces).unwrap())
        .collect();
        assert_eq!(names.len(), 5, "{names:?}");
        assert!(names.iter().all(|name| name.len() < 253 && !name.contains('/')));
    }

    #[test]
    fn nothing_missing_is_no_role() {
        let report = report(vec![in_shop("apps", "deployments", &[])]);
        assert_eq!(roles(&report).unwrap(), NOTHING);
    }
}
