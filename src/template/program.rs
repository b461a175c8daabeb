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
        let mut seen = SeenByCharts::default();
        let mut evaluation =
            self.evaluate_again(values, surroundings, work, &Evaluation::default(), &mut seen, wanted);
        evaluation.seen = seen;
        evaluation
    }

    /// The same where all files were evaluated before with other values.
    ///
    /// The files of a chart share what they see, in Helm's order: what one sets, the next has (Helm:
    /// `pkg/engine/engine.go`, `recAllTpls` and `sortTemplates`). So those that set something are evaluated first, too.
    /// What they see is kept for the next time with the same values.
    pub fn evaluate_again(
        &self,
        values: &Json,
        surroundings: &Surroundings,
        work: &mut Work,
        before: &Evaluation,
        seen: &mut SeenByCharts,
        wanted: impl Fn(&str) -> bool,
    ) -> Evaluation {
        let mut files = BTreeMap::new();
        seen.begin(self.scopes.len());
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
            let scope = self.scopes.get(file.scope).and_then(|scope| {
                let make = |beside: Option<&Seen>| scope.seen(values, surroundings, beside);
                Some((scope, seen.of(file.scope, make)?))
            });
            let evaluated = match (&file.nodes, scope) {
                (Ok(nodes), Some((scope, seen))) => {
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
        seen.end();
        work.empty_changed_maps();
        Evaluation {
            files,
            seen: SeenByCharts::default(),
        }
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

/// What the templates of each chart see with certain values. What a template changed is not kept.
#[derive(Debug, Default)]
pub struct SeenByCharts {
    now: Vec<Option<Seen>>,
    /// The same with other values, of which much may be shared.
    beside: Vec<Option<Seen>>,
}

impl SeenByCharts {
    /// Nothing yet, beside what the same charts see with other values.
    pub fn beside(other: &Self) -> Self {
        Self {
            now: Vec::new(),
            beside: other.now.clone(),
        }
    }

    /// Begins an evaluation with so many charts.
    fn begin(&mut self, charts: usize) {
        self.now.resize_with(charts, || None);
        self.end();
    }

    /// What the templates of one chart see; `None` where there is no such chart.
    fn of(&mut self, chart: usize, make: impl Fn(Option<&Seen>) -> Seen) -> Option<&Seen> {
        let beside = self.beside.get(chart).and_then(Option::as_ref);
        let beside = beside.filter(|beside| !beside.tree.was_changed());
        let now = self.now.get_mut(chart)?;
        Some(now.get_or_insert_with(|| make(beside)))
    }

    /// Ends an evaluation.
    fn end(&mut self) {
        for seen in &mut self.now {
            seen.take_if(|seen| seen.tree.was_changed());
        }
    }
}

/// What all templates of a chart see alike.
#[derive(Debug, Clone)]
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
        self.tree.watch();
    }

    /// What stands under a name.
    fn get(&self, name: &str) -> Option<Traced> {
        match &self.root.value {
            Value::Map(root) => root.get(name),
            _ => None,
        }
    }
}

impl Scope {
    /// The dot of the chart's files (Helm: `pkg/engine/engine.go`, `recAllTpls`).
    fn seen(&self, values: &Json, surroundings: &Surroundings, beside: Option<&Seen>) -> Seen {
        let tree = beside.map(|beside| beside.tree.clone()).unwrap_or_default();
        let shared = |name: &str| beside.and_then(|beside| beside.get(name));
        let own = self.values(values, &tree, shared("Values").as_ref());
        let chart = || roots::chart(&self.metadata, self.prefix.is_empty(), &tree);
        let entries = [
            ("Values".into(), own),
            ("Chart".into(), shared("Chart").unwrap_or_else(chart)),
            ("Files".into(), self.files.clone()),
            ("Release".into(), roots::release(surroundings, &tree)),
            (
                "Capabilities".into(),
                roots::capabilities(surroundings, &tree),
            ),
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
    fn values(&self, values: &Json, tree: &Tree, beside: Option<&Traced>) -> Traced {
        let beside = beside.and_then(|beside| match &beside.value {
            Value::Map(map) => Some(map.entries()),
            _ => None,
        });
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
            let beside = beside.as_ref().and_then(|beside| beside.get(name.as_str()));
            let value = Traced::of_values_beside(value, &place.name(name), tree, beside);
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
    /// What the files saw, where all of them were evaluated.
    pub seen: SeenByCharts,
}

/// Whether a chart is a library, of which only what it defines is used (Helm: `pkg/engine/engine.go`, `isTemplateValid`).
fn is_library(chart: &Chart) -> bool {
    chart.metadata.get("type").and_then(Json::as_str) == Some("library")
}
