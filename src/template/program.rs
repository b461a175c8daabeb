//! A chart's templates, parsed once: the files, what they define, and what each chart gives its files.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use super::ast::{Defines, Node};
use super::evaluate::File;
use super::key::Key;
use super::parse::{add_define, parse};
use super::roots::{self, Surroundings};
use super::traced::{Map, Origin, Traced, Tree, Value};
use super::work::{Fault, Work};
use crate::chart::Chart;

/// Helpers of libraries that records leave out and that many charts use, by what they do.
const KNOWN_HELPERS: &str = include_str!("known_helpers.tpl");

/// How deep charts may be inside charts.
const MAX_CHARTS_DEEP: usize = 16;

/// The parsed templates of a chart, and of its dependencies where they are known.
#[derive(Debug)]
pub struct Program {
    files: Vec<ProgramFile>,
    pub(super) defines: Defines,
    scopes: Vec<Scope>,
}

/// A file of `templates/`.
#[derive(Debug)]
struct ProgramFile {
    /// The name as the manifest's `# Source:` has it.
    name: Rc<str>,
    /// The chart that it is in.
    scope: usize,
    /// Its content; `Err` where it is no template.
    nodes: Result<Rc<[Node]>, Fault>,
}

/// What a chart gives the templates in it.
#[derive(Debug)]
pub(super) struct Scope {
    /// Its path in the names of templates, such as `web/charts/redis`.
    path: String,
    /// What its `Chart.yaml` says.
    metadata: Json,
    /// `.Files`.
    files: Traced,
    /// The names of the charts on the way, under which the parent's values hold those of this chart.
    prefix: Vec<String>,
}

impl ProgramFile {
    /// Whether Helm renders it, and not only includes parts of it (Helm: `pkg/engine/engine.go`, `render`).
    fn is_rendered(&self) -> bool {
        let base = self.name.rsplit('/').next().unwrap_or_default();
        !base.starts_with('_')
    }
}

impl Program {
    /// Parses the templates of a chart. A file that cannot be parsed fails alone, and the others go on.
    pub fn of(chart: &Chart, work: &mut Work) -> Self {
        let mut program = Self {
            files: Vec::new(),
            defines: Defines::new(),
            scopes: Vec::new(),
        };
        program.define(KNOWN_HELPERS.as_bytes(), work).ok();
        let mut sources = Vec::new();
        program.collect(chart, chart.name(), &[], &mut sources);
        // Helm parses what is deeper first, so that a parent's definition replaces that of a dependency (`sortTemplates`).
        sources.sort_by(|a, b| b.depth_and_name().cmp(&a.depth_and_name()));
        for source in sources {
            let nodes = program.define(source.text, work);
            if let Ok(nodes) = &nodes {
                program
                    .defines
                    .insert(Rc::from(source.name.as_str()), Rc::clone(nodes));
            }
            program.files.push(ProgramFile {
                name: source.name.into(),
                scope: source.scope,
                nodes,
            });
        }
        program
    }

    /// Adds what a text defines, and gives its own content.
    fn define(&mut self, text: &[u8], work: &mut Work) -> Result<Rc<[Node]>, Fault> {
        let parsed = parse(&String::from_utf8_lossy(text), work)?;
        for (name, nodes) in parsed.defines {
            add_define(&mut self.defines, name, nodes);
        }
        Ok(parsed.nodes)
    }

    /// Notes a chart with its files, and the charts in it.
    fn collect<'c>(
        &mut self,
        chart: &'c Chart,
        path: &str,
        prefix: &[String],
        sources: &mut Vec<Source<'c>>,
    ) {
        let scope = self.scopes.len();
        self.scopes.push(Scope {
            path: path.to_owned(),
            metadata: chart.metadata.clone(),
            files: roots::files(chart),
            prefix: prefix.to_vec(),
        });
        for file in &chart.templates {
            let base = file.name.rsplit('/').next().unwrap_or_default();
            if is_library(chart) && !base.starts_with('_') {
                continue;
            }
            sources.push(Source {
                name: format!("{path}/{}", file.name),
                scope,
                text: &file.data,
            });
        }
        if prefix.len() >= MAX_CHARTS_DEEP {
            return;
        }
        for dependency in &chart.dependencies {
            let mut below = prefix.to_vec();
            below.push(dependency.name().to_owned());
            let path = format!("{path}/charts/{}", dependency.name());
            self.collect(dependency, &path, &below, sources);
        }
    }

    /// Whether it has a file of this name, and so can evaluate what that file renders.
    pub fn has_file(&self, name: &str) -> bool {
        self.files.iter().any(|file| &*file.name == name)
    }

    /// Evaluates the files that are asked for with these values, those that Helm only includes left out.
    pub fn evaluate(
        &self,
        values: &Json,
        surroundings: &Surroundings,
        work: &mut Work,
        wanted: impl Fn(&str) -> bool,
    ) -> Evaluation {
        self.evaluate_again(values, surroundings, work, &Evaluation::default(), wanted)
    }

    /// The same where all files were evaluated before with other values.
    ///
    /// The files of a chart share what they see, in Helm's order: what one sets, the next has (Helm:
    /// `pkg/engine/engine.go`, `recAllTpls` and `sortTemplates`). So those that set something are evaluated first, too.
    pub fn evaluate_again(
        &self,
        values: &Json,
        surroundings: &Surroundings,
        work: &mut Work,
        before: &Evaluation,
        wanted: impl Fn(&str) -> bool,
    ) -> Evaluation {
        let mut files = BTreeMap::new();
        let mut seen_by_scopes: Vec<Option<Seen>> = Vec::new();
        seen_by_scopes.resize_with(self.scopes.len(), || None);
        work.begin();
        let is_wanted = |file: &ProgramFile| file.is_rendered() && wanted(&file.name);
        let end = self.files.iter().rposition(is_wanted).map_or(0, |last| last + 1);
        for file in self.files.iter().take(end) {
            let is_wanted = is_wanted(file);
            let sets = || {
                before
                    .files
                    .get(&file.name)
                    .is_some_and(|file| file.changes_values)
            };
            if !is_wanted && !sets() {
                continue;
            }
            let scope = self
                .scopes
                .get(file.scope)
                .zip(seen_by_scopes.get_mut(file.scope));
            let evaluated = match (&file.nodes, scope) {
                (Ok(nodes), Some((scope, seen))) => {
                    let seen = seen.get_or_insert_with(|| scope.seen(values, surroundings));
                    seen.begin(scope, &file.name);
                    let mut evaluated = File::evaluate(&self.defines, nodes, &seen.root, surroundings, work);
                    evaluated.changes_values = seen.tree.is_changed();
                    evaluated
                }
                (Err(fault), _) => File::failed(fault.clone()),
                (Ok(_), None) => continue,
            };
            if is_wanted {
                files.insert(Rc::clone(&file.name), evaluated);
            }
        }
        drop(seen_by_scopes);
        work.empty_changed_maps();
        Evaluation { files }
    }
}

/// A template's text before it is parsed.
struct Source<'c> {
    name: String,
    scope: usize,
    text: &'c [u8],
}

impl Source<'_> {
    fn depth_and_name(&self) -> (usize, &str) {
        (self.name.matches('/').count(), &self.name)
    }
}

/// What all templates of a chart see alike.
struct Seen {
    /// Their dot.
    root: Traced,
    /// The tree that the maps in it are of.
    tree: Tree,
}

impl Seen {
    /// Begins another file.
    fn begin(&self, scope: &Scope, file: &str) {
        if let Value::Map(root) = &self.root.value {
            root.entries_mut().insert("Template".into(), scope.template(file));
        }
        self.tree.reset();
    }
}

impl Scope {
    /// The dot of the chart's files (Helm: `pkg/engine/engine.go`, `recAllTpls`).
    fn seen(&self, values: &Json, surroundings: &Surroundings) -> Seen {
        let tree = Tree::default();
        let entries = [
            ("Values".into(), self.values(values, &tree)),
            (
                "Chart".into(),
                roots::chart(&self.metadata, self.prefix.is_empty(), &tree),
            ),
            ("Files".into(), self.files.clone()),
            ("Release".into(), roots::release(surroundings)),
            ("Capabilities".into(), roots::capabilities(surroundings)),
            ("Subcharts".into(), Traced::unknown(&[])),
        ];
        let root = Map::of_tree(entries.into_iter().collect(), &tree);
        Seen {
            root: Traced::literal(Value::Map(root)),
            tree,
        }
    }

    /// `.Template` of a file.
    fn template(&self, file: &str) -> Traced {
        let text = |text: &str| Traced::text(super::traced::Text::literal(text));
        let entries = [
            ("Name".into(), text(file)),
            ("BasePath".into(), text(&format!("{}/templates", self.path))),
        ];
        Traced::literal(Value::Map(entries.into_iter().collect()))
    }

    /// The chart's part of the values, with the keys under which the release's values hold it.
    ///
    /// `global` is the release's in every chart (Helm: `pkg/chart/common/util/coalesce.go`, `coalesceGlobals`).
    fn values(&self, values: &Json, tree: &Tree) -> Traced {
        let mut own = values;
        let mut key = Key::root();
        for name in &self.prefix {
            key = key.name(name);
            own = own.get(name).unwrap_or(&Json::Null);
        }
        let mut entries = BTreeMap::new();
        for (name, value) in own.as_object().into_iter().flatten() {
            let place = if name == "global" {
                Key::root()
            } else {
                key.clone()
            };
            let value = Traced::of_values(value, &place.name(name), tree);
            entries.insert(Rc::from(name.as_str()), value);
        }
        Traced {
            value: Value::Map(Map::of_tree(entries, tree)),
            origin: Origin::value(key),
        }
    }
}

/// What the files of a chart render with certain values.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// By name.
    pub files: BTreeMap<Rc<str>, File>,
}

/// Whether a chart is a library, of which only what it defines is used (Helm: `pkg/engine/engine.go`, `isTemplateValid`).
fn is_library(chart: &Chart) -> bool {
    chart.metadata.get("type").and_then(Json::as_str) == Some("library")
}
