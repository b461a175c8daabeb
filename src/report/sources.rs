//! The sources of charts: which file of a repository is the template of an object.
//!
//! A template's name begins with the name of its chart: `shop/templates/web.yaml`, `shop/charts/redis/templates/x.yaml`.
//! The folder of a chart may have another name, so that charts are known by their `Chart.yaml`. The names of templates come
//! from release records, which anybody may have written: a path that is told is one of those that were added, and no other.

use std::collections::{BTreeMap, BTreeSet};

use super::sanitize::is_unsafe;
use super::words::count;
use crate::model::{Chart, ReleaseReport};
use crate::yaml::{self, Limits};

/// The file that describes a chart.
pub const CHART_FILE: &str = "Chart.yaml";

/// How many charts are kept.
const CHARTS: usize = 10_000;
/// How long the name of a template is at most, and how many parts it has.
const TEMPLATE_BYTES: usize = 4_096;
const TEMPLATE_PARTS: usize = 64;

/// The charts and templates of a repository. Paths are relative to its root, with `/` and without `./`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The folders by the name of their chart.
    charts: BTreeMap<String, Vec<Folder>>,
    /// How many charts there are.
    count: usize,
    /// The files that a chart may have for an object.
    files: BTreeSet<String>,
    /// How many folders and descriptions of charts could not be read.
    missed: usize,
    /// Whether something was left out because there is too much.
    is_cut: bool,
}

/// A folder with a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Folder {
    /// Its path; empty for the root itself.
    path: String,
    /// The chart's version, where it says one.
    version: Option<String>,
}

impl Sources {
    /// Adds a file, if a chart may have it for an object. The repository may be that of a change that nobody has reviewed: a
    /// path that a log or a page could not show as it is is not taken.
    pub fn add_file(&mut self, path: String) {
        let mut parts = path.split('/');
        let is_of_a_chart = parts.any(|part| part == "templates" || part == "crds" || part == CHART_FILE);
        if is_of_a_chart && !path.contains(is_unsafe) {
            self.files.insert(path);
        }
    }

    /// Adds the chart in a folder, by its description.
    pub fn add_chart(&mut self, folder: &str, description: &str) {
        let description = yaml::parse_document(description, &Limits::default()).ok();
        let field = |name: &str| {
            let value = description.as_ref()?.get(name)?;
            value.as_str().map(str::to_owned)
        };
        match field("name") {
            None => self.miss(),
            Some(_) if self.count >= CHARTS => self.cut(),
            Some(name) => {
                self.count += 1;
                self.charts.entry(name).or_default().push(Folder {
                    path: folder.to_owned(),
                    version: field("version"),
                });
            }
        }
    }

    /// Takes down that a folder or a chart could not be read.
    pub const fn miss(&mut self) {
        self.missed += 1;
    }

    /// Takes down that there is more than is looked at.
    pub const fn cut(&mut self) {
        self.is_cut = true;
    }

    /// What a reader should know of the search for the templates of these releases, a sentence each.
    pub fn remarks(&self, releases: &[ReleaseReport]) -> Vec<String> {
        let what = if self.missed == 1 {
            "chart or folder"
        } else {
            "charts or folders"
        };
        let remarks = [
            (self.missed > 0)
                .then(|| format!("below --source-root, {} {what} could not be read", self.missed)),
            self.is_cut.then(|| {
                let kept = count(self.count, "chart");
                format!("there is too much below --source-root: {kept} were found in a part of it")
            }),
            (!self.has_chart_of(releases)).then(|| {
                "below --source-root, there is no chart of any release of the report, so that no place is a file"
                    .to_owned()
            }),
        ];
        remarks.into_iter().flatten().collect()
    }

    /// Whether it has a chart of one of these releases, or a part of one; also where there is none to look for.
    fn has_chart_of(&self, releases: &[ReleaseReport]) -> bool {
        let has = |name: &str| self.charts.contains_key(name);
        let mut is_any_known = false;
        for release in releases {
            if let Some(chart) = &release.chart {
                is_any_known = true;
                if has(&chart.name) {
                    return true;
                }
            }
            let templates = release
                .objects
                .iter()
                .filter_map(|object| object.template.as_deref());
            for parts in templates.filter_map(parts) {
                is_any_known = true;
                if starts(&parts).any(|start| has(parts[start])) {
                    return true;
                }
            }
        }
        !is_any_known
    }

    /// The file of a template, if there is exactly one that it can be.
    pub fn file_of(&self, template: &str, chart: Option<&Chart>) -> Option<String> {
        let parts = parts(template)?;
        starts(&parts).find_map(|start| {
            let (name, rest) = parts.get(start..)?.split_first()?;
            let is_own = start == 0 && chart.is_some_and(|chart| chart.name == *name);
            let version = chart.filter(|_| is_own).map(|chart| chart.version.as_str());
            self.in_chart(name, version, &rest.join("/"))
        })
    }

    /// The file of this path in the chart of this name; of several such charts, in that of the right version.
    fn in_chart(&self, name: &str, version: Option<&str>, rest: &str) -> Option<String> {
        let folders = self.charts.get(name)?.iter();
        let having: Vec<(&Folder, &String)> = folders
            .filter_map(|folder| Some((folder, self.file(&folder.path, rest)?)))
            .collect();
        let is_exact = |folder: &Folder| version.is_some() && folder.version.as_deref() == version;
        let mut exact = having.iter().filter(|(folder, _)| is_exact(folder));
        match (&*having, exact.next(), exact.next()) {
            ([(_, only)], _, _) | (_, Some((_, only)), None) => Some((*only).clone()),
            // A wrong file is worse than none.
            _ => None,
        }
    }

    fn file(&self, folder: &str, rest: &str) -> Option<&String> {
        if folder.is_empty() {
            self.files.get(rest)
        } else {
            self.files.get(&format!("{folder}/{rest}"))
        }
    }
}

/// Where the name of a chart may stand in the name of a template, from the whole to its parts: a subchart lies in the chart,
/// or beside it and is packed into it.
fn starts(parts: &[&str]) -> impl Iterator<Item = usize> {
    let below = parts.windows(2).enumerate();
    let below = below
        .filter(|(_, pair)| pair[0] == "charts")
        .map(|(at, _)| at + 1);
    std::iter::once(0).chain(below)
}

/// The parts of the name of a template; `None` where it is none that Helm gives.
fn parts(template: &str) -> Option<Vec<&str>> {
    if template.len() > TEMPLATE_BYTES {
        return None;
    }
    let parts: Vec<&str> = template.split('/').collect();
    let is_plain = |part: &&str| !matches!(*part, "" | "." | "..");
    ((2..=TEMPLATE_PARTS).contains(&parts.len()) && parts.iter().all(is_plain)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ObjectReport;
    use crate::report::fixtures::{object, release};

    fn sources(files: &[&str]) -> Sources {
        let mut sources = Sources::default();
        for file in files {
            sources.add_file((*file).to_owned());
        }
        sources
    }

    fn found(sources: &Sources, template: &str, version: &str) -> Option<String> {
        let name = template.split('/').next().unwrap().to_owned();
        let chart = Chart {
            name,
            version: version.into(),
        };
        sources.file_of(template, Some(&chart))
    }

    #[test]
    fn templates_are_found_in_the_chart_of_their_name() {
        let mut sources = sources(&[
            "deploy/the shop/Chart.yaml",
            "deploy/the shop/templates/web.yaml",
            "deploy/the shop/charts/redis/templates/cache.yaml",
            "libraries/queue/templates/q.yaml",
        ]);
        sources.add_chart("deploy/the shop", "# ours\nname: \"shop\"\nversion: 1.0.0\n");
        sources.add_chart("libraries/queue", "name: queue");
        for (template, file) in [
            (
                "shop/templates/web.yaml",
                Some("deploy/the shop/templates/web.yaml"),
            ),
            ("shop/Chart.yaml", Some("deploy/the shop/Chart.yaml")),
            (
                "shop/charts/redis/templates/cache.yaml",
                Some("deploy/the shop/charts/redis/templates/cache.yaml"),
            ),
            (
                "shop/charts/queue/templates/q.yaml",
                Some("libraries/queue/templates/q.yaml"),
            ),
            ("shop/templates/none.yaml", None),
            ("shop/templates", None),
            ("other/templates/web.yaml", None),
        ] {
            assert_eq!(found(&sources, template, "1.0.0").as_deref(), file, "{template}");
        }
    }

    #[test]
    fn that_no_chart_of_a_release_was_found_is_said() {
        let object = |template: &str| ObjectReport {
            template: Some(template.to_owned()),
            ..object("v1", "Service", "shop", "web")
        };
        let web = [release("shop", "web").with_objects([object("web/charts/queue/templates/q.yaml")])];
        let remark =
            "below --source-root, there is no chart of any release of the report, so that no place is a file";
        let mut sources = sources(&["x/Chart.yaml"]);
        sources.add_chart("x", "name: other");
        assert_eq!(sources.remarks(&web), [remark]);
        assert_eq!(Sources::default().remarks(&web), [remark]);
        // Nothing to look for is nothing to miss.
        assert!(Sources::default().remarks(&[]).is_empty());
        for chart in ["web", "queue"] {
            let mut sources = sources.clone();
            sources.add_chart("y", &format!("name: {chart}"));
            assert!(sources.remarks(&web).is_empty(), "{chart}");
        }
    }

    #[test]
    fn the_root_may_be_the_chart_itself() {
        let mut sources = sources(&["templates/web.yaml"]);
        sources.add_chart("", "name: shop");
        let path = found(&sources, "shop/templates/web.yaml", "1.0.0");
        assert_eq!(path.as_deref(), Some("templates/web.yaml"));
    }

    #[test]
    fn of_several_charts_of_one_name_the_version_decides_or_none_is_taken() {
        let mut sources = sources(&[
            "old/templates/web.yaml",
            "new/templates/web.yaml",
            "new/templates/only.yaml",
        ]);
        sources.add_chart("old", "name: shop\nversion: 1.0.0");
        sources.add_chart("new", "name: shop\nversion: 2.0.0");
        let web = |version| found(&sources, "shop/templates/web.yaml", version);
        assert_eq!(web("1.0.0").as_deref(), Some("old/templates/web.yaml"));
        assert_eq!(web("2.0.0").as_deref(), Some("new/templates/web.yaml"));
        assert_eq!(web("3.0.0"), None);
        let only = found(&sources, "shop/templates/only.yaml", "3.0.0");
        assert_eq!(only.as_deref(), Some("new/templates/only.yaml"));
    }

    #[test]
    fn no_template_leads_to_a_file_that_is_not_its_own() {
        let mut sources = sources(&[
            "shop/templates/web.yaml",
            "secret/templates/key.yaml",
            "a\n::error::b/templates/web.yaml",
        ]);
        sources.add_chart("shop", "name: shop");
        sources.add_chart("a\n::error::b", "name: evil");
        sources.add_chart("shop", "name: ..");
        for template in [
            "evil/templates/web.yaml",
            "shop/../secret/templates/key.yaml",
            "shop/templates/../../secret/templates/key.yaml",
            "shop/../../etc/passwd",
            "../templates/web.yaml",
            "../../etc/passwd",
            "/etc/passwd",
            "shop//etc/passwd",
            "shop/./templates/web.yaml",
            "shop/templates/web.yaml/",
            "shop/templates\\web.yaml",
            "shop/templates/web.yaml\0",
            "shop",
            "",
        ] {
            assert_eq!(found(&sources, template, "1.0.0"), None, "{template}");
        }
        let long = format!("shop/{}", "x/".repeat(1 << 20));
        assert_eq!(found(&sources, &long, "1.0.0"), None);
    }
}
