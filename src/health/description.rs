//! What Helm itself says of a revision: `info.description` in its record.
//!
//! The sentence is the error that Helm ended with, mostly one of the API server's, which quotes values. Reports show it
//! without them.

use crate::policy::redact::Redaction;

/// How many characters of the sentence are shown.
const SHOWN: usize = 1_000;

/// The cause of a failed operation, as far as its description tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// Helm gave up waiting for objects to become ready, or for a hook.
    Timeout,
    /// A hook failed.
    Hook,
    /// A field that cannot be changed.
    Immutable,
    /// Server-side apply: another manager owns a field.
    Conflict,
    /// An object belongs to somebody else.
    Ownership,
    /// A kind that the server does not serve.
    Unserved,
    /// An admission webhook or policy said no.
    Denied,
    /// An admission webhook could not be asked.
    Webhook,
    /// A quota or a limit of the namespace said no.
    Quota,
    /// The namespace is being deleted.
    Terminating,
    /// A field or a type that the kind does not have.
    Schema,
    /// Helm's credentials may not do it.
    Forbidden,
    /// The API server takes the object for invalid.
    Invalid,
    /// A record that does not fit into a Secret.
    TooLarge,
    /// Somebody stopped Helm.
    Cancelled,
    /// Anything else.
    Other,
}

/// The words that tell causes apart, the more specific ones first. They are the errors' own: Helm's `pkg/action` and
/// `pkg/kube`, apimachinery's `pkg/api/errors` and `pkg/api/validation`, structured-merge-diff's `merge/conflict.go`.
const WORDS: &[(&str, Cause)] = &[
    ("invalid ownership metadata", Cause::Ownership),
    ("cannot be imported into the current release", Cause::Ownership),
    ("Too long: must have at most 1048576", Cause::TooLarge),
    ("Too long: may not be more than 1048576", Cause::TooLarge),
    ("cancelled by SIG", Cause::Cancelled),
    ("context canceled", Cause::Cancelled),
    ("because it is being terminated", Cause::Terminating),
    ("hooks failed", Cause::Hook),
    ("failed pre-install", Cause::Hook),
    ("failed post-install", Cause::Hook),
    ("Apply failed with", Cause::Conflict),
    ("conflict occurred while applying", Cause::Conflict),
    ("field is immutable", Cause::Immutable),
    ("may not change once set", Cause::Immutable),
    ("are immutable", Cause::Immutable),
    ("is immutable", Cause::Immutable),
    ("cannot change roleRef", Cause::Immutable),
    (
        "updates to statefulset spec for fields other than",
        Cause::Immutable,
    ),
    ("pod updates may not change fields other than", Cause::Immutable),
    ("may not be changed", Cause::Immutable),
    ("may not be less than previous value", Cause::Immutable),
    ("field can not be less than", Cause::Immutable),
    ("no matches for kind", Cause::Unserved),
    ("ensure CRDs are installed first", Cause::Unserved),
    (
        "the server could not find the requested resource",
        Cause::Unserved,
    ),
    ("failed to create typed patch object", Cause::Schema),
    ("failed to create manager for existing fields", Cause::Schema),
    ("field not declared in schema", Cause::Schema),
    ("failed calling webhook", Cause::Webhook),
    ("admission webhook", Cause::Denied),
    ("ValidatingAdmissionPolicy", Cause::Denied),
    ("violates PodSecurity", Cause::Denied),
    ("exceeded quota", Cause::Quota),
    ("failed quota", Cause::Quota),
    ("usage per Container is", Cause::Quota),
    ("usage per Pod is", Cause::Quota),
    ("usage per PersistentVolumeClaim is", Cause::Quota),
    ("timed out", Cause::Timeout),
    ("context deadline exceeded", Cause::Timeout),
    ("not ready. status", Cause::Timeout),
    ("cannot be handled as a", Cause::Schema),
    ("is invalid", Cause::Invalid),
    ("cannot patch resource", Cause::Forbidden),
    ("is forbidden", Cause::Forbidden),
];

/// The cause of a failed operation.
pub(crate) fn cause(description: &str) -> Cause {
    let found = WORDS.iter().find(|(words, _)| description.contains(words));
    found.map_or(Cause::Other, |(_, cause)| *cause)
}

/// Whether an operation ended with an error, by Helm's own sentence (Helm: `pkg/action/install.go`, `failRelease`;
/// `upgrade.go`, `rollback.go`).
pub(crate) fn is_failure(description: &str) -> bool {
    let begins = ["Upgrade \"", "Rollback \"", "Release \""];
    begins.iter().any(|words| description.starts_with(words)) && description.contains("\" failed: ")
}

/// Whether a sentence may be of a rollback that failed: of one that was refused, or of one that waited in vain, which Helm
/// describes as it does an installation (Helm: `pkg/action/rollback.go`, `performRollback`).
pub(super) fn is_of_rollback(description: &str) -> bool {
    description.starts_with("Rollback \"") || description.starts_with("Release \"")
}

/// The revision that a rollback says it goes to (Helm: `pkg/action/rollback.go`, `prepareRollback`).
pub(super) fn rollback_target(description: &str) -> Option<u64> {
    description.strip_prefix("Rollback to ")?.parse().ok()
}

/// Whether a sentence names an object, as Helm and the API server do: its kind, and its name as a word.
pub(super) fn names(description: &str, kind: &str, name: &str) -> bool {
    let is_end = |ch: char| !(ch.is_ascii_alphanumeric() || matches!(ch, '-' | '.'));
    let mut words = description.split(is_end);
    description.contains(kind) && words.any(|word| word.trim_end_matches('.') == name)
}

/// The sentence without the values that it quotes, and without anything that looks like a secret.
pub(crate) fn without_values(description: &str) -> String {
    let mut shown = String::new();
    // The JSON decoder quotes the text around a mistake.
    let mut rest = match description.find("error found in #") {
        Some(at) => &description[..at],
        None => description,
    };
    while let Some(at) = rest.find(" value: ") {
        let (before, value) = rest.split_at(at + " value: ".len());
        let end = end_of_value(value);
        shown.push_str(before);
        if is_key(before, &value[..end]) {
            shown.push_str(&value[..end]);
        } else {
            shown.push('…');
        }
        rest = &value[end..];
    }
    shown.push_str(rest);
    let shown = one_line(&shown);
    let mut line = Redaction::default().shown_text(&shown);
    if let Some((at, _)) = line.char_indices().nth(SHOWN) {
        line.truncate(at);
        line.push('…');
    }
    line
}

/// The lines of a sentence as one. Helm joins several errors by line breaks (Go: `errors.Join`), which end a sentence unless
/// one stands behind a colon or within a list.
fn one_line(text: &str) -> String {
    let mut line = String::new();
    for part in text.lines() {
        let part = part.split_whitespace().collect::<Vec<_>>().join(" ");
        if part.is_empty() {
            continue;
        }
        let is_open = line.ends_with([':', ';', ',', '{', '[', '(']);
        if !line.is_empty() {
            line.push_str(if is_open { " " } else { "; " });
        }
        line.push_str(&part);
    }
    line
}

/// The last words before a value that must not be twice in a list.
const DUPLICATE: &str = ": Duplicate value: ";

/// Names and numbers by which the API server tells elements of lists apart (Kubernetes: `pkg/apis/core/validation`, the calls of
/// `field.Duplicate`).
const KEYS: [&str; 8] = [
    ".name",
    ".port",
    ".nodePort",
    ".containerPort",
    ".hostPort",
    ".mountPath",
    ".devicePath",
    ".topologyKey",
];

/// Whether a value is a key of a list, which tells what is there twice and is no secret: a name or a number at such a field, or
/// the ports of a Service.
fn is_key(before: &str, value: &str) -> bool {
    let Some(path) = before.strip_suffix(DUPLICATE) else {
        return false;
    };
    let path = path.rsplit([' ', '\n']).next().unwrap_or_default();
    let is_ports = path.contains("ports[")
        && value.len() <= 200
        && ["protocol", "Protocol", "port", "Port"]
            .iter()
            .any(|word| value.contains(word));
    is_ports || (value.len() <= 100 && KEYS.iter().any(|key| path.ends_with(key)))
}

/// The end of a value that an error quotes: the colon before the reason.
fn end_of_value(text: &str) -> usize {
    let (mut depth, mut is_quoted, mut is_escaped) = (0_i32, false, false);
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            b'{' | b'[' | b'(' => depth += 1,
            b'}' | b']' | b')' if depth > 0 => depth -= 1,
            b':' if depth == 0 && bytes.peek().is_some_and(|(_, next)| *next == b' ') => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_of_a_failure_follows_from_its_description() {
        let rows = [
            (
                "Upgrade \"web\" failed: pre-upgrade hooks failed: timed out waiting for the condition",
                Cause::Hook,
            ),
            (
                "Upgrade \"web\" failed: timed out waiting for the condition",
                Cause::Timeout,
            ),
            (
                "Upgrade \"web\" failed: resource Deployment/shop/web not ready. status: InProgress",
                Cause::Timeout,
            ),
            (
                "Upgrade \"web\" failed: cannot patch \"web\" with kind Service: Service \"web\" is invalid: spec.clusterIPs[0]: Invalid value: [\"None\"]: may not change once set",
                Cause::Immutable,
            ),
            (
                "Release \"web\" failed: conflict occurred while applying object shop/web apps/v1, Kind=Deployment: Apply failed with 1 conflict: conflict with \"kubectl-edit\"",
                Cause::Conflict,
            ),
            (
                "Upgrade \"web\" failed: Unable to continue with update: Service \"web\" in namespace \"shop\" exists and cannot be imported into the current release: invalid ownership metadata",
                Cause::Ownership,
            ),
            ("Preparing upgrade", Cause::Other),
            (
                "Upgrade \"web\" failed: cannot patch \"web\" with kind RoleBinding: RoleBinding.rbac.authorization.k8s.io \"web\" is invalid: roleRef: Invalid value: {\"apiGroup\":\"rbac.authorization.k8s.io\",\"kind\":\"Role\",\"name\":\"b\"}: cannot change roleRef",
                Cause::Immutable,
            ),
            (
                "Upgrade \"web\" failed: cannot patch \"web\" with kind Deployment: Deployment.apps \"web\" is invalid: spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
                Cause::Invalid,
            ),
            (
                "Upgrade \"web\" failed: failed to create resource: pods \"web\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=3, limited: pods=3",
                Cause::Quota,
            ),
            (
                "Upgrade \"web\" failed: server-side apply failed for object shop/web apps/v1, Kind=Deployment: failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.replica: field not declared in schema",
                Cause::Schema,
            ),
            (
                "Upgrade \"web\" failed: server-side apply failed for object shop/web apps/v1, Kind=Deployment: failed to create typed patch object (shop/web; apps/v1, Kind=Deployment): .spec.template.spec.containers[name=\"a\"].env: duplicate entries for key [name=\"A\"]",
                Cause::Schema,
            ),
            (
                "Upgrade \"web\" failed: Internal error occurred: failed calling webhook \"a.example.com\": failed to call webhook: Post \"https://a.hooks.svc:443/?timeout=10s\": context deadline exceeded",
                Cause::Webhook,
            ),
            (
                "Upgrade \"web\" failed: failed to create resource: configmaps \"web\" is forbidden: unable to create new content in namespace shop because it is being terminated",
                Cause::Terminating,
            ),
            (
                "Upgrade \"web\" failed: failed to create resource: pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": privileged",
                Cause::Denied,
            ),
            (
                "Upgrade \"web\" failed: deployments.apps \"web\" is forbidden: User \"ci\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"shop\"",
                Cause::Forbidden,
            ),
        ];
        for (description, expected) in rows {
            assert_eq!(cause(description), expected, "{description}");
        }
    }

    #[test]
    fn quoted_values_are_left_out() {
        let rows = [
            (
                "a: Invalid value: \"hunter2\": must be b",
                "a: Invalid value: …: must be b",
            ),
            (
                "a: Invalid value: {\"x\":\"hun: ter2\"}: field is immutable",
                "a: Invalid value: …: field is immutable",
            ),
            (
                "a: Invalid value: v1.S{A: \"hunter2\\\": \"}: b, c: Unsupported value: 2: d",
                "a: Invalid value: …: b, c: Unsupported value: …: d",
            ),
            ("a: Duplicate value: hunter2", "a: Duplicate value: …"),
            (
                "spec.ports[1].name: Duplicate value: \"http\"",
                "spec.ports[1].name: Duplicate value: \"http\"",
            ),
            (
                "spec.ports[1]: Duplicate value: {\"protocol\":\"TCP\",\"port\":80}, b: Invalid value: \"hunter2\": c",
                "spec.ports[1]: Duplicate value: {\"protocol\":\"TCP\",\"port\":80}, b: Invalid value: …: c",
            ),
            (
                "unable to decode: json: error found in #10 byte of ...|: hunter2|...",
                "unable to decode: json:",
            ),
            ("one\n  two", "one; two"),
            ("two errors:\n\t* one\r\n\t* two\n", "two errors: * one; * two"),
            (
                "Upgrade \"web\" failed: cannot reach postgres://u:hunter2@db/x",
                "Upgrade \"web\" failed: cannot reach postgres://u:(redacted)@db/x",
            ),
        ];
        for (description, shown) in rows {
            assert_eq!(without_values(description), shown);
        }
        assert_eq!(without_values(&"x".repeat(2_000)).chars().count(), SHOWN + 1);
        assert!(is_failure("Rollback \"web\" failed: conflict"));
        assert!(!is_failure("Rollback to 3"));
    }

    #[test]
    fn an_object_is_named_by_its_kind_and_its_whole_name() {
        let sentence = "Upgrade \"web\" failed: server-side apply failed for object shop/web-db apps/v1, Kind=StatefulSet: no.";
        assert!(names(sentence, "StatefulSet", "web-db"));
        assert!(!names(sentence, "StatefulSet", "web-d") && !names(sentence, "Deployment", "web-db"));
    }

    #[test]
    fn a_rollback_says_where_it_goes_until_it_fails() {
        assert_eq!(rollback_target("Rollback to 12"), Some(12));
        assert_eq!(rollback_target("Rollback \"web\" failed: no"), None);
        assert!(
            is_of_rollback("Rollback \"web\" failed: no") && !is_of_rollback("Upgrade \"web\" failed: no")
        );
    }
}
