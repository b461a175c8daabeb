//! The place of an entry in a file: CI systems show nothing that has none.
//!
//! What lives in a cluster is in no file, so that a path is made up from names: `helm/NAMESPACE/RELEASE/KIND.NAME.yaml`.
//! Where the sources of charts are at hand, it is the template that rendered the object, if that is a file there.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::model::{Fingerprint, ObjectReport, ReleaseReport};
use crate::report::RenderOptions;
use crate::report::sources::{CHART_FILE, Sources};

/// The folder of the paths that are made up.
const FOLDER: &str = "helm";

/// How many bytes of a name are in a path. Every legal name fits, encoded or not.
const NAME_LIMIT: usize = 255;

/// The place of an entry: the first line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    /// The path, relative to the root of the repository, with `/` and without `./`. One that is made up is percent-encoded,
    /// and its own URI.
    pub(super) path: String,
    /// Whether there is such a file.
    pub(super) is_file: bool,
}

/// The line of every location: nobody knows which line of a template made a field.
pub(super) const LINE: u32 = 1;

impl Location {
    /// The path as a relative URI.
    pub(super) fn uri(&self) -> Cow<'_, str> {
        if !self.is_file {
            return Cow::Borrowed(&self.path);
        }
        let mut uri = String::with_capacity(self.path.len());
        for (at, part) in self.path.split('/').enumerate() {
            if at > 0 {
                uri.push('/');
            }
            encode(part, &mut uri);
        }
        Cow::Owned(uri)
    }

    /// The place of what belongs to no release.
    pub(super) fn of_scan() -> Self {
        Self {
            path: FOLDER.to_owned(),
            is_file: false,
        }
    }
}

/// Finds the places of entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Locations<'s> {
    sources: Option<&'s Sources>,
}

impl<'s> Locations<'s> {
    /// The places in the sources of charts, if they are at hand, else made-up ones only.
    pub(super) fn of(options: &'s RenderOptions) -> Self {
        Self {
            sources: options.links.sources.as_deref(),
        }
    }

    /// What a reader should know of the search for the templates of these releases, a sentence each.
    pub(super) fn remarks(self, releases: &[ReleaseReport]) -> Vec<String> {
        let remarks = self.sources.map(|sources| sources.remarks(releases));
        remarks.unwrap_or_default()
    }

    /// The place of an object: its template, else a path by its names.
    pub(super) fn of_object(self, release: &ReleaseReport, object: &ObjectReport) -> Location {
        let template = object.template.as_deref();
        self.file(release, template).unwrap_or_else(|| {
            let names = match &object.namespace {
                Some(namespace) if *namespace != release.namespace => {
                    format!("{}.{namespace}.{}.yaml", object.kind, object.name)
                }
                Some(_) | None => format!("{}.{}.yaml", object.kind, object.name),
            };
            made_up(release, &names)
        })
    }

    /// The place of a release as a whole: its chart's description, else a path by its names.
    pub(super) fn of_release(self, release: &ReleaseReport) -> Location {
        let chart = release.chart.as_ref();
        let description = chart.map(|chart| format!("{}/{CHART_FILE}", chart.name));
        self.file(release, description.as_deref())
            .unwrap_or_else(|| made_up(release, CHART_FILE))
    }

    fn file(self, release: &ReleaseReport, template: Option<&str>) -> Option<Location> {
        let path = self.sources?.file_of(template?, release.chart.as_ref())?;
        Some(Location { path, is_file: true })
    }
}

fn made_up(release: &ReleaseReport, file: &str) -> Location {
    let mut path = FOLDER.to_owned();
    let names = [&*release.namespace, &*release.name, file];
    for name in release.of_cluster.as_deref().into_iter().chain(names) {
        path.push('/');
        path.push_str(&segment(name));
    }
    Location { path, is_file: false }
}

/// A name as one part of a path that no reader can take for more than that, however it decodes it.
///
/// Names of objects hold neither `/` nor `%` and are not `..`: the API server refuses them in paths. What is none of its
/// names becomes `_`.
fn segment(name: &str) -> String {
    let is_separator = |ch: char| ch == '/' || ch == '\\' || ch == '%' || ch.is_control();
    let plain: String = name
        .chars()
        .take(NAME_LIMIT + 1)
        .map(|ch| if is_separator(ch) { '_' } else { ch })
        .collect();
    let mut encoded = String::new();
    if plain.is_empty() || plain.chars().all(|ch| ch == '.') {
        encoded.push_str(&"_".repeat(plain.len().max(1)));
    } else {
        encode(&plain, &mut encoded);
    }
    if encoded.len() > NAME_LIMIT {
        // Two long names stay two.
        let end = encoded.floor_char_boundary(NAME_LIMIT / 2);
        let end = encoded[..end].rfind('%').filter(|at| at + 3 > end).unwrap_or(end);
        let print = Fingerprint::of([name]).to_string();
        encoded.truncate(end);
        encoded.push('~');
        encoded.push_str(&print[..12]);
    }
    encoded
}

/// Writes text with all but the unreserved characters of RFC 3986 percent-encoded.
fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixtures::{hostile, object, release};

    const NOWHERE: Locations<'_> = Locations { sources: None };

    fn path_of(namespace: &str, name: &str) -> String {
        let object = object("v1", "ConfigMap", namespace, name);
        NOWHERE.of_object(&release(namespace, "web"), &object).path
    }

    #[test]
    fn paths_are_made_of_names() {
        assert_eq!(
            path_of("shop", "settings"),
            "helm/shop/web/ConfigMap.settings.yaml"
        );
        let release = release("shop", "web");
        let of_release = NOWHERE.of_release(&release);
        assert_eq!(of_release.path, "helm/shop/web/Chart.yaml");
        let role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "", "system:auth");
        let of_role = NOWHERE.of_object(&release, &role);
        assert_eq!(of_role.path, "helm/shop/web/ClusterRole.system%3Aauth.yaml");
        assert_eq!(of_role.uri(), of_role.path);
        let elsewhere = object("v1", "Role", "kube-system", "reader");
        let elsewhere = NOWHERE.of_object(&release, &elsewhere);
        assert_eq!(elsewhere.path, "helm/shop/web/Role.kube-system.reader.yaml");
    }

    #[test]
    fn no_name_gets_out_of_its_part_of_the_path() {
        for name in [
            "..",
            ".",
            "",
            "../..",
            "a/../../b",
            "%2e%2e",
            "a\\b",
            "x\0y\n",
            "\u{202e}",
            "C:",
        ] {
            let path = path_of(name, name);
            let parts: Vec<&str> = path.split('/').collect();
            assert_eq!(parts.len(), 4, "{path}");
            for part in parts {
                assert!(!part.is_empty() && !part.chars().all(|ch| ch == '.'), "{path}");
                assert!(
                    !part.contains("%2F") && !part.contains("%2E") && !part.contains("%5C"),
                    "{path}"
                );
                assert!(part.bytes().all(|byte| byte.is_ascii_graphic()), "{path}");
            }
        }
        let hostile = hostile();
        for object in &hostile.objects {
            let path = NOWHERE.of_object(&hostile, object).path;
            assert_eq!(path.split('/').count(), 4, "{path}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_apart() {
        let long = "é".repeat(500_000);
        let (one, other) = (path_of("shop", &long), path_of("shop", &format!("{long}x")));
        assert!(one.len() < 2 * NAME_LIMIT, "{}", one.len());
        assert_ne!(one, other);
        assert!(
            one.split('%')
                .skip(1)
                .all(|rest| u8::from_str_radix(&rest[..2], 16).is_ok()),
            "{one}"
        );
    }
}
