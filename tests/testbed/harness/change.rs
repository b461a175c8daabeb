//! A change to one object of a release, as the tables of the tests write it.
//!
//! ```text
//! Deployment/image: an image set by hand
//!     $ kubectl set image {o} app=registry.example.com/app:hotfix
//!     what the table says of it
//! ```
//!
//! `{o}` stands for the object as kubectl takes it, `{n}` for its name, `{r}` for the release's name, `{template}`,
//! `{pod}` and `{app}` for the paths of the template of Pods, its spec and its container `app`.

use super::Release;

/// An object of a chart, what somebody does to it, and what a table says of that.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) kind: &'static str,
    /// The name without the release's, or with `{r}` in its place.
    pub(crate) name: &'static str,
    /// What is done, in words.
    pub(crate) title: &'static str,
    /// What is done, in shell.
    commands: Vec<&'static str>,
    /// What the table says of it.
    pub(crate) lines: Vec<&'static str>,
}

impl Change {
    /// Reads a table. Lines that begin with `#` are comments.
    pub(crate) fn all(table: &'static str) -> Vec<Self> {
        let mut changes: Vec<Self> = Vec::new();
        let lines = table.lines().map(str::trim_end);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let Some(body) = line.strip_prefix("    ") else {
                let (object, title) = line
                    .split_once(": ")
                    .expect("a row begins with `Kind/name: title`");
                let (kind, name) = object.split_once('/').expect("an object is `Kind/name`");
                changes.push(Self {
                    kind,
                    name,
                    title,
                    commands: Vec::new(),
                    lines: Vec::new(),
                });
                continue;
            };
            let change = changes.last_mut().expect("a line belongs to a row");
            match body.strip_prefix("$ ") {
                Some(command) => change.commands.push(command),
                None => change.lines.push(body),
            }
        }
        changes
    }

    /// Does it; what failed is a problem of this change alone.
    pub(crate) fn act(&self, release: &Release<'_>) -> Vec<String> {
        self.commands
            .iter()
            .map(|command| release.shell(&self.fill(release, command)))
            .filter(|outcome| outcome.status != 0)
            .map(|outcome| format!("failed:   {}\n{}", outcome.command, outcome.stderr))
            .collect()
    }

    /// The object's name in a release.
    pub(crate) fn full_name(&self, release: &Release<'_>) -> String {
        let (of, name) = (&release.name, self.name);
        match self.kind {
            _ if name.contains("{r}") => release.fill(name),
            "CustomResourceDefinition" => format!("{name}.{of}.targets.example"),
            "APIService" => format!("v1.{name}.{of}.targets.example"),
            _ => format!("{of}-{name}"),
        }
    }

    /// A text of the table about this object in a release.
    pub(crate) fn fill(&self, release: &Release<'_>, text: &str) -> String {
        let name = self.full_name(release);
        release
            .fill(text)
            .replace("{o}", &format!("{}/{name}", self.kind))
            .replace("{n}", &name)
            .replace("{app}", "/spec/template/spec/containers[name=app]")
            .replace("{pod}", "/spec/template/spec")
            .replace("{template}", "/spec/template")
    }
}
