//! The texts that may be words of a command, each by the rule that Kubernetes or Helm has for it.
//!
//! All of them are printable ASCII, whatever their rule says beyond that: other characters can be reordered, hidden or
//! replaced by an escape where a command is shown, and then what is pasted is not what was meant.

/// The longest name of an object (apimachinery: `pkg/util/validation`, `DNS1123SubdomainMaxLength`). Names that are only
/// path segments have no limit of their own; none that a person chose is longer.
const MAX_NAME: usize = 253;
/// The longest name of a namespace or a kind (apimachinery: `pkg/util/validation`, `DNS1123LabelMaxLength`).
const MAX_LABEL: usize = 63;
/// The longest name of a release (Helm: `pkg/chartutil/validate_name.go`, `maxReleaseNameLen`).
const MAX_RELEASE: usize = 53;
/// The longest version of a chart. Helm has no limit; a version that is longer is no version but a text.
const MAX_VERSION: usize = 256;
/// The longest name of a file (Linux and macOS: `NAME_MAX`).
const MAX_FILE: usize = 255;

/// The reason why there is no command: a text that would be a word of it breaks the rule for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Refusal {
    /// The namespace.
    #[error("the namespace is not a name that Kubernetes accepts for one")]
    Namespace,
    /// The name of a release.
    #[error("the name of the release is not one that Helm accepts")]
    Release,
    /// The version of a chart.
    #[error("the version of the chart is not one that Helm accepts")]
    ChartVersion,
    /// A kind or its group.
    #[error("the kind is not a name that Kubernetes accepts for one")]
    Kind,
    /// The name of an object.
    #[error("the name is not one that Kubernetes accepts for an object of this kind")]
    ObjectName,
    /// The name of an object that Kubernetes accepts.
    #[error(
        "the name has characters other than printable ASCII, which a terminal may show as something else"
    )]
    Unprintable,
    /// The name of an object that has a meaning of its own where kubectl takes annotations.
    #[error("kubectl would read the name as an annotation")]
    LikeAnAnnotation,
    /// The name of a context, or the path of a kubeconfig.
    #[error(
        "the name of the context or the path of the kubeconfig has characters other than printable ASCII, which a \
         terminal may show as something else"
    )]
    Cluster,
    /// A command of a report that has to name its cluster.
    #[error("it is not written as driftline writes one, and cannot be made to name its cluster")]
    Line,
    /// The name of a file.
    #[error("the file for a copy would have a name that file systems do not accept")]
    FileName,
    /// A copy that has to come first.
    #[error("there is no command that saves a copy first")]
    NoCopy,
    /// A key of a chart's values.
    #[error("the key has characters other than printable ASCII, which a terminal may show as something else")]
    ValuesKey,
    /// A protection that has to come first.
    #[error("there is no command that protects first what it would delete")]
    Unprotected,
}

/// A word of a command that was made from a text of the cluster. It is not empty, and it is no option.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(String);

impl Word {
    /// The name of a namespace: a DNS label (apimachinery: `pkg/api/validation/generic.go`, `ValidateNamespaceName`).
    pub fn namespace(text: &str) -> Result<Self, Refusal> {
        if is_label(text) && text.len() <= MAX_LABEL {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::Namespace)
        }
    }

    /// The name of a release (Helm: `pkg/chartutil/validate_name.go`, `ValidateReleaseName`), which is a value of a label,
    /// too.
    pub fn release(text: &str) -> Result<Self, Refusal> {
        if is_subdomain(text) && text.len() <= MAX_RELEASE {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::Release)
        }
    }

    /// The version of a chart (Masterminds/semver: `version.go`, `looseSemVerRegex`, by which Helm reads it).
    pub fn chart_version(text: &str) -> Result<Self, Refusal> {
        if is_version(text) && text.len() <= MAX_VERSION {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::ChartVersion)
        }
    }

    /// The name of something that a program of the cluster follows: a DNS subdomain, as that of most objects.
    pub fn subdomain(text: &str) -> Result<Self, Refusal> {
        if is_subdomain(text) && text.len() <= MAX_NAME {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::ObjectName)
        }
    }

    /// A name in a namespace, as one word: `NAMESPACE/NAME`.
    pub fn in_namespace(namespace: &Self, name: &Self) -> Self {
        Self(format!("{}/{}", namespace.0, name.0))
    }

    /// The number of a revision.
    pub fn number(number: u64) -> Self {
        Self(number.to_string())
    }

    /// A kind of an API version in the form that kubectl takes: `role.rbac.authorization.k8s.io`. A kind is a DNS label
    /// but for its capitals, a version is one too, and a group a DNS subdomain (apiextensions:
    /// `pkg/apis/apiextensions/validation/validation.go`, `ValidateCustomResourceDefinitionNames`).
    pub fn resource(api_version: &str, kind: &str) -> Result<Self, Refusal> {
        let kind = kind.to_ascii_lowercase();
        let is_kind = is_label(&kind) && kind.starts_with(|ch: char| ch.is_ascii_lowercase());
        let (group, version) = api_version
            .split_once('/')
            .map_or((None, api_version), |(group, version)| (Some(group), version));
        let is_group = group.is_none_or(|group| is_subdomain(group) && group.len() <= MAX_NAME);
        if !is_kind || !is_group || !is_label(version) || kind.len().max(version.len()) > MAX_LABEL {
            return Err(Refusal::Kind);
        }
        Ok(Self(match group {
            Some(group) => format!("{kind}.{group}"),
            None => kind,
        }))
    }

    /// The kind and the name of an object in one word: `job/migrate`.
    pub fn object(kind: &Self, name: &ObjectName) -> Self {
        Self(format!("{}/{}", kind.0, name.0))
    }

    /// A placeholder for something that driftline does not know, with the name of it where that is a plain word: a person
    /// replaces it. No program takes it for anything: there is no such file, and no such chart.
    pub fn placeholder(what: &'static str, name: Option<&str>) -> Self {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
        let name =
            name.filter(|name| !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(is_plain));
        Self(match name.filter(|name| !name.starts_with('-')) {
            Some(name) => format!("<{what} {name}>"),
            None => format!("<{what}>"),
        })
    }

    /// A JSON text, which is one word however it is quoted.
    pub fn json(text: &str) -> Result<Self, Refusal> {
        let is_document = text.starts_with(['[', '{']);
        if is_document && is_printable(text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(Refusal::Unprintable)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of an object. It may begin with `-`: a command takes it only together with the object's kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName(String);

impl ObjectName {
    /// Checks a name by the rule for the objects of a group.
    pub fn new(group: &str, text: &str) -> Result<Self, Refusal> {
        let is_valid = if takes_path_segments(group) {
            is_path_segment(text)
        } else {
            is_subdomain(text)
        };
        if !is_valid || text.len() > MAX_NAME {
            Err(Refusal::ObjectName)
        } else if !is_printable(text) {
            Err(Refusal::Unprintable)
        } else {
            Ok(Self(text.to_owned()))
        }
    }

    /// Whether kubectl reads it as a change where it takes an object and its annotations or labels (kubectl:
    /// `pkg/cmd/util/helpers.go`, `GetResourcesAndPairs`).
    pub fn is_like_an_annotation(&self) -> bool {
        self.0.contains('=') || self.0.ends_with('-')
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The name of a file in the folder that the command runs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileName(String);

impl FileName {
    /// Checks a name: it leads into no other folder, it is not hidden and no option.
    pub fn new(text: String) -> Result<Self, Refusal> {
        let is_visible = !text.is_empty() && !text.starts_with(['.', '-']);
        if is_visible && text.len() <= MAX_FILE && is_printable(&text) && !text.contains('/') {
            Ok(Self(text))
        } else {
            Err(Refusal::FileName)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether an API server takes every path segment as a name of an object of this group: RBAC (Kubernetes:
/// `pkg/apis/rbac/validation/validation.go`, `ValidateRBACName`), trust bundles, and servers behind the aggregation
/// layer, whose groups are not Kubernetes's own, with rules that nobody else knows.
fn takes_path_segments(group: &str) -> bool {
    let is_of_kubernetes = !group.contains('.') || group.ends_with(".k8s.io");
    !is_of_kubernetes || matches!(group, "rbac.authorization.k8s.io" | "certificates.k8s.io")
}

/// Whether a text is a path segment (apimachinery: `pkg/api/validation/path/name.go`, `IsValidPathSegmentName`).
fn is_path_segment(text: &str) -> bool {
    !text.is_empty() && text != "." && text != ".." && !text.contains(['/', '%'])
}

/// Whether all characters are ASCII and drawn.
pub(super) fn is_printable(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Whether a text is letters, digits and `-`, with a letter or a digit at both ends (apimachinery:
/// `pkg/util/validation`, `IsDNS1123Label`).
fn is_label(text: &str) -> bool {
    let is_end =
        |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let bytes = text.as_bytes();
    is_end(bytes.first().copied())
        && is_end(bytes.last().copied())
        && bytes.iter().all(|byte| is_end(Some(*byte)) || *byte == b'-')
}

/// Whether a text is labels with dots between them (apimachinery: `pkg/util/validation`, `IsDNS1123Subdomain`).
fn is_subdomain(text: &str) -> bool {
    text.split('.').all(is_label)
}

/// Whether a text is a version: up to three numbers, a pre-release and metadata.
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let (text, metadata) = split_at(text, '+');
    let (numbers, pre_release) = split_at(text, '-');
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_word = |part: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !part.is_empty() && part.bytes().all(is_plain)
    };
    let are_words = |text: Option<&str>| text.is_none_or(|text| text.split('.').all(is_word));
    numbers.split('.').count() <= 3
        && numbers.split('.').all(is_number)
        && are_words(pre_release)
        && are_words(metadata)
}

/// What stands before and after the first such character.
fn split_at(text: &str, mark: char) -> (&str, Option<&str>) {
    text.split_once(mark)
        .map_or((text, None), |(before, after)| (before, Some(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 16] = [
        "", " ", "-x", "--all", "a b", "a;b", "$(a)", "`a`", "a\nb", "a\0b", "a'b", "a\"b", "../a", "~", "*",
        "ä",
    ];

    #[test]
    fn names_by_the_rules_of_kubernetes_and_helm() {
        for text in HOSTILE {
            assert_eq!(Word::namespace(text), Err(Refusal::Namespace), "{text:?}");
            assert_eq!(Word::release(text), Err(Refusal::Release), "{text:?}");
            assert_eq!(Word::resource("v1", text), Err(Refusal::Kind), "{text:?}");
            assert_eq!(Word::resource(text, "Role"), Err(Refusal::Kind), "{text:?}");
            let group = format!("{text}/v1");
            assert_eq!(Word::resource(&group, "Role"), Err(Refusal::Kind), "{text:?}");
            assert_eq!(
                ObjectName::new("apps", text),
                Err(Refusal::ObjectName),
                "{text:?}"
            );
            assert_eq!(Word::chart_version(text), Err(Refusal::ChartVersion), "{text:?}");
        }
        for text in ["a.b", "A", "a-", &"a".repeat(64)] {
            assert_eq!(Word::namespace(text), Err(Refusal::Namespace), "{text:?}");
        }
        for text in ["a..b", "A", "a.", ".a", "a_b", &"a".repeat(54)] {
            assert_eq!(Word::release(text), Err(Refusal::Release), "{text:?}");
        }
        for text in ["web", "web.v1", "0", &"a".repeat(53)] {
            assert_eq!(Word::release(text).map(|word| word.0).as_deref(), Ok(text));
        }
    }

    #[test]
    fn versions_as_helm_reads_them() {
        for text in [
            "1.0.0",
            "v1.2.3",
            "1",
            "1.2",
            "1.0.0-rc.1",
            "1.0.0+a.b-c",
            "1.0.0-a-b+c",
            "01.2.3",
        ] {
            assert_eq!(Word::chart_version(text).map(|word| word.0).as_deref(), Ok(text));
        }
        for text in [
            "1.0.0;touch owned;:",
            "1.0.0 ",
            "1.0.0.0",
            "1.0.0-",
            "1.0.0+",
            "1.0.0+a+b",
            "1.0.0-a..b",
            ">=1.0.0",
            "latest",
            "v",
            "-1",
            "1..2",
        ] {
            assert_eq!(Word::chart_version(text), Err(Refusal::ChartVersion), "{text:?}");
        }
    }

    #[test]
    fn names_of_roles_are_path_segments() {
        let rbac = |text: &str| ObjectName::new("rbac.authorization.k8s.io", text).map(|name| name.0);
        for text in [
            "system:node",
            "-x",
            "a b",
            "x;touch ${HOME}y;#",
            "$(a)",
            "'",
            "a\\b",
            "...",
        ] {
            assert_eq!(rbac(text).as_deref(), Ok(text));
        }
        for text in ["", ".", "..", "a/b", "%2f", &"a".repeat(254)] {
            assert_eq!(rbac(text), Err(Refusal::ObjectName), "{text:?}");
        }
        for text in ["a\nb", "a\u{1b}b", "a\0", "ä", "a\u{202e}b", "\u{a0}"] {
            assert_eq!(rbac(text), Err(Refusal::Unprintable), "{text:?}");
        }
        assert!(ObjectName::new("user.example.com", "kube:admin").is_ok());
        assert_eq!(
            ObjectName::new("networking.k8s.io", "kube:admin"),
            Err(Refusal::ObjectName)
        );
    }

    #[test]
    fn files_lie_in_the_folder_of_the_command() {
        for text in ["web-values-1.yaml", "role-a b.yaml", "role-..yaml", "role->x"] {
            assert!(FileName::new(text.to_owned()).is_ok(), "{text:?}");
        }
        for text in [
            "",
            ".",
            "..",
            ".profile",
            "-x",
            "a/b",
            "/a",
            "a\0b",
            "a\nb",
            &"a".repeat(256),
        ] {
            assert_eq!(FileName::new(text.to_owned()), Err(Refusal::FileName), "{text:?}");
        }
    }

    #[test]
    fn a_placeholder_names_what_has_a_plain_name() {
        for (name, placeholder) in [
            (Some("web"), "<chart web>"),
            (Some("we'b"), "<chart>"),
            (Some("web;reboot"), "<chart>"),
            (Some("--post-renderer"), "<chart>"),
            (Some(""), "<chart>"),
            (None, "<chart>"),
        ] {
            assert_eq!(Word::placeholder("chart", name).as_str(), placeholder);
        }
    }
}
