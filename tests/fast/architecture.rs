//! The map in `docs/architecture.md` holds: imports run downwards, no two files import each other, and only the named
//! rooms reach the outside world (a cluster, receivers, files, the clock).
//!
//! The sources are parsed, the arguments of macros too, and code below `#[cfg(test)]` is left out: a test may use whatever
//! it likes. A child module may use what the `mod.rs` above it defines, and that one its children: together they are one
//! room. A name that a `mod.rs` hands on counts as the file that defines it. So that no import can hide, nothing that the
//! rules are about has a second name: no alias of a crate, a room or a clock, no include, no names handed on by `lib.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

use crate::support::program::root;

/// The rooms, the lowest first: each imports only what stands before it.
const ROOMS: [&str; 31] = [
    "vocabulary",
    "weight",
    "object",
    "shell",
    "model",
    "release",
    "yaml",
    "manifest",
    "types",
    "source",
    "backoff",
    "limited_file",
    "chart",
    "template",
    "compare",
    "apply",
    "policy",
    "values",
    "cluster",
    "snapshot",
    "classify",
    "health",
    "preview",
    "explain",
    "report",
    "state",
    "notify",
    "scan",
    "rights",
    "app",
    MAIN,
];

/// The program itself, `src/main.rs`.
const MAIN: &str = "main";

/// The paths that only some rooms may name: the beginning of a path, or its end where it begins with `..`.
const RESERVED: [(&str, &[&str]); 21] = [
    ("askama", &["explain", "report"]),
    ("quick_junit", &["report"]),
    ("kube", &["cluster"]),
    ("k8s_openapi", &["cluster"]),
    ("reqwest", &["notify"]),
    ("anyhow", &["app", MAIN]),
    ("clap", &["app", MAIN]),
    // Where the kubeconfig is, by kubectl's rules.
    ("std::env", &["cluster", "app"]),
    // Credential plugins; the pager; the program ends itself at a second signal.
    ("std::process", &["cluster", "app", MAIN]),
    ("tokio::process", &["cluster", "app"]),
    // Files that the operator names are read in one place; a scan reads its own processor time for the log.
    ("std::fs", &["limited_file", "chart", "snapshot", "scan", "app"]),
    ("tempfile", &["app"]),
    // Process groups of plugins; folders without links.
    ("rustix", &["chart", "cluster", "snapshot", "app"]),
    ("tokio::fs", &[]),
    ("std::net", &["notify"]),
    ("tokio::net", &[]),
    ("..Utc::now", &["cluster", "notify", "scan", "app"]),
    ("..Local::now", &[]),
    ("..SystemTime::now", &[]),
    ("..SystemTime::UNIX_EPOCH", &[]),
    // The time that the templates of a chart may take is a limit.
    (
        "..Instant::now",
        &["template", "cluster", "notify", "scan", "app"],
    ),
];

/// One file of the sources.
struct Source {
    /// The file, from the root of the repository.
    file: String,
    /// Its module's path in the crate: `["report", "text"]`.
    module: Vec<String>,
    /// Every path that its code names, absolute within the crate or into another one.
    names: BTreeSet<Vec<String>>,
    /// The names that it hands on, with the paths that they stand for.
    handed_on: BTreeMap<Vec<String>, Vec<String>>,
    /// Ways to give something another name that the rules could not see through.
    disguises: Vec<String>,
}

impl Source {
    fn room(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }
}

/// Collects the paths that code names, but for tests.
struct Names {
    module: Vec<String>,
    found: BTreeSet<Vec<String>>,
    handed_on: BTreeMap<Vec<String>, Vec<String>>,
    disguises: Vec<String>,
    /// The modules that have files of their own.
    children: Vec<String>,
}

/// What must not be had under another name, by the last part of its path.
const NO_ALIAS: [&str; 9] = [
    "crate",
    "super",
    "self",
    "driftline",
    "std",
    "chrono",
    "tokio",
    "Utc",
    "Instant",
];

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Path>()
                .is_ok_and(|condition| condition.is_ident("test"))
    })
}

impl Names {
    fn of(module: &[String]) -> Self {
        Self {
            module: module.to_vec(),
            found: BTreeSet::new(),
            handed_on: BTreeMap::new(),
            disguises: Vec::new(),
            children: Vec::new(),
        }
    }

    fn add(&mut self, path: &[String]) {
        let absolute = self.absolute(path);
        self.found.insert(absolute);
    }

    /// A path as the code writes it, made absolute.
    fn absolute(&self, path: &[String]) -> Vec<String> {
        let mut names = path.iter().peekable();
        let mut absolute = Vec::new();
        if names.next_if(|name| *name == "crate").is_some() {
            absolute.push("crate".to_owned());
        } else if names
            .peek()
            .is_some_and(|name| *name == "self" || *name == "super")
        {
            absolute.push("crate".to_owned());
            absolute.extend(self.module.iter().cloned());
            while let Some(name) = names.next_if(|name| *name == "self" || *name == "super") {
                if name == "super" {
                    absolute.pop();
                }
            }
        }
        absolute.extend(names.cloned());
        absolute
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree, visibility: &Visibility) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        let (path, name) = match tree {
            UseTree::Path(path) => return self.add_tree(&with(&path.ident), &path.tree, visibility),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.add_tree(before, tree, visibility);
                }
                return;
            }
            UseTree::Glob(_) => {
                if before.len() == 1 {
                    self.disguises.push(format!("use {}::*", before[0]));
                }
                return self.add(before);
            }
            UseTree::Name(name) if name.ident == "self" => (before.to_vec(), None),
            UseTree::Name(name) => (with(&name.ident), Some(name.ident.to_string())),
            UseTree::Rename(rename) => {
                let path = with(&rename.ident);
                if path.last().is_some_and(|last| NO_ALIAS.contains(&last.as_str())) && rename.rename != "_" {
                    self.disguises
                        .push(format!("use {} as {}", path.join("::"), rename.rename));
                }
                (path, Some(rename.rename.to_string()))
            }
        };
        if let (Some(name), false) = (name, matches!(visibility, Visibility::Inherited)) {
            let handed = [&self.module[..], &[name]].concat();
            let target = self.absolute(&path);
            self.handed_on.insert(handed, target);
        }
        self.add(&path);
    }

    /// The paths in the arguments of a macro, which are tokens and no syntax yet.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Group(group) => {
                    // `crate::{a, b}` stands in no expression.
                    if group.delimiter() != Delimiter::None {
                        self.end(&mut path);
                    }
                    colons = 0;
                    self.add_tokens(group.stream());
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => {
                    self.end(&mut path);
                    colons = 0;
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Vec<String>) {
        if path.len() > 1 {
            self.add(path);
        }
        path.clear();
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Mod(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            Item::Const(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_test(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        if item.content.is_none() {
            self.children.push(name);
            return;
        }
        self.module.push(name);
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        self.add_tree(&[], &item.tree, &item.vis);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.disguises.push(format!("extern crate {}", item.ident));
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.is_ident("include") {
            self.disguises.push("include!".to_owned());
        }
        self.add_tokens(call.tokens.clone());
        visit::visit_macro(self, call);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        if names.len() > 1 {
            self.add(&names);
        }
        visit::visit_path(self, path);
    }
}

/// Reads a file and the modules that it declares.
fn read(file: &Path, module: &[String], sources: &mut Vec<Source>) {
    let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let mut names = Names::of(module);
    names.visit_file(&parsed);
    sources.push(Source {
        file: file.strip_prefix(root()).unwrap().display().to_string(),
        module: module.to_vec(),
        names: names.found,
        handed_on: names.handed_on,
        disguises: names.disguises,
    });
    let folder = if file
        .file_name()
        .is_some_and(|name| name == "mod.rs" || name == "lib.rs")
    {
        file.parent().unwrap().to_owned()
    } else {
        file.with_extension("")
    };
    for child in names.children {
        let inner = [
            folder.join(format!("{child}.rs")),
            folder.join(&child).join("mod.rs"),
        ];
        let inner: Vec<&PathBuf> = inner.iter().filter(|file| file.is_file()).collect();
        assert_eq!(inner.len(), 1, "{child} in {}", file.display());
        read(inner[0], &[module, &[child]].concat(), sources);
    }
}

/// Every file of the library and of the program.
fn sources() -> Vec<Source> {
    let mut sources = Vec::new();
    read(&root().join("src/lib.rs"), &[], &mut sources);
    read(&root().join("src/main.rs"), &[MAIN.to_owned()], &mut sources);
    sources
}

/// Which files of the crate each file imports.
fn imports(sources: &[Source]) -> BTreeMap<usize, BTreeSet<usize>> {
    let files: BTreeMap<&[String], usize> = sources
        .iter()
        .enumerate()
        .map(|(at, source)| (&source.module[..], at))
        .collect();
    let handed_on: BTreeMap<&[String], &[String]> = sources
        .iter()
        .flat_map(|source| &source.handed_on)
        .map(|(name, target)| (&name[..], &target[..]))
        .collect();
    // The path that a name stands for, however often it was handed on.
    let defined = |name: &Vec<String>| {
        let mut name = name.clone();
        for _ in 0..8 {
            let inner = name.get(1..).unwrap_or_default();
            let known = (1..=inner.len()).find_map(|length| {
                let target = handed_on.get(&inner[..length])?;
                Some([target, &inner[length..]].concat())
            });
            match known {
                Some(target) => name = target,
                None => break,
            }
        }
        name
    };
    let target = |name: &Vec<String>| {
        let name = defined(name);
        let inner = match name.first()?.as_str() {
            "crate" | "driftline" => &name[1..],
            _ => return None,
        };
        (1..=inner.len())
            .rev()
            .find_map(|length| files.get(&inner[..length]).copied())
    };
    let of = |at: usize| {
        let found = sources[at].names.iter().filter_map(target);
        found.filter(|found| *found != at).collect()
    };
    (0..sources.len()).map(|at| (at, of(at))).collect()
}

#[test]
fn imports_run_downwards() {
    let sources = sources();
    let imports = imports(&sources);
    assert!(
        imports.values().map(BTreeSet::len).sum::<usize>() > 300,
        "the sources were read"
    );
    let floor = |source: &Source| ROOMS.iter().position(|room| *room == source.room());
    let mut wrong = Vec::new();
    for (at, found) in &imports {
        let from = &sources[*at];
        if from.module.is_empty() {
            continue;
        }
        assert!(
            floor(from).is_some(),
            "{} has no place in the order of rooms",
            from.file
        );
        for to in found.iter().map(|to| &sources[*to]) {
            if floor(to) > floor(from) {
                wrong.push(format!("{} imports {}", from.file, to.file));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "against the order of rooms:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn no_two_files_import_each_other() {
    let sources = sources();
    let mut imports = imports(&sources);
    // A room's own door is no way out of it.
    for (at, found) in &mut imports {
        found.retain(|to| !sources[*at].module.starts_with(&sources[*to].module));
    }
    let leads_back = |from: usize, to: usize| {
        let (mut open, mut reached) = (vec![to], BTreeSet::new());
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(&imports[&at]);
            }
        }
        reached.contains(&from)
    };
    let circles: Vec<String> = imports
        .iter()
        .flat_map(|(from, found)| found.iter().map(|to| (*from, *to)))
        .filter(|(from, to)| leads_back(*from, *to))
        .map(|(from, to)| format!("{} imports {}", sources[from].file, sources[to].file))
        .collect();
    assert!(circles.is_empty(), "in a circle:\n{}", circles.join("\n"));
}

#[test]
fn nothing_hides_behind_another_name() {
    let sources = sources();
    let disguises = sources.iter().flat_map(|source| {
        let file = &source.file;
        source.disguises.iter().map(move |text| format!("{file}: {text}"))
    });
    let mut wrong: Vec<String> = disguises.collect();
    let root = sources.iter().find(|source| source.module.is_empty());
    wrong.extend(
        root.iter()
            .flat_map(|root| root.handed_on.keys())
            .map(|name| format!("src/lib.rs hands on {}", name.join("::"))),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn only_named_rooms_reach_the_outside_world() {
    let mut wrong = Vec::new();
    for source in sources() {
        for name in &source.names {
            let name = name.join("::");
            for (reserved, rooms) in RESERVED {
                let is_meant = match reserved.strip_prefix("..") {
                    Some(end) => name == end || name.ends_with(&format!("::{end}")),
                    None => name == reserved || name.starts_with(&format!("{reserved}::")),
                };
                if is_meant && !rooms.contains(&source.room()) {
                    wrong.push(format!("{} names {name}", source.file));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A reader that finds nothing would let everything pass.
#[test]
fn the_sources_are_read_as_the_compiler_reads_them() {
    let code = r#"
        use std::fs;
        use crate::{report::{self, json as j}, model::*};
        pub use super::source::ReadError;
        mod inline { use super::child::Thing; fn f() { self::g(); crate::scan::scan(); Utc::now() } }
        pub(crate) use self::child::Thing as Other;
        use std as s; use crate as me; use super::super as root; use std::*; use chrono::Utc as Now;
        extern crate self as dl;
        fn logged() { format!("{:?} {}", crate::app::exit::status(1), chrono::Utc::now()); include!("x.in") }
        fn kept<T: crate::object::Key>() -> Result<kube::Client, ()> { super::super::up() }
        #[cfg(test)] use crate::left_out;
        #[cfg(test)] mod tests { use crate::left_out; }
        #[cfg(test)] fn helper() { crate::left_out() }
        mod child;
        #[cfg(test)] mod golden;
    "#;
    let mut names = Names::of(&["scan".to_owned(), "plan".to_owned()]);
    names.visit_file(&syn::parse_file(code).unwrap());
    let found: Vec<String> = names.found.iter().map(|name| name.join("::")).collect();
    assert_eq!(
        found,
        [
            "Utc::now",
            "chrono::Utc",
            "chrono::Utc::now",
            "crate",
            "crate::app::exit::status",
            "crate::model",
            "crate::object::Key",
            "crate::report",
            "crate::report::json",
            "crate::scan::plan::child::Thing",
            "crate::scan::plan::inline::g",
            "crate::scan::scan",
            "crate::scan::source::ReadError",
            "crate::up",
            "kube::Client",
            "std",
            "std::fs",
        ]
    );
    assert_eq!(names.children, ["child"]);
    assert_eq!(
        names.disguises,
        [
            "use std as s",
            "use crate as me",
            "use super::super as root",
            "use std::*",
            "use chrono::Utc as Now",
            "extern crate self",
            "include!",
        ]
    );
    let handed_on: Vec<String> = names.handed_on.keys().map(|name| name.join("::")).collect();
    assert_eq!(handed_on, ["scan::plan::Other", "scan::plan::ReadError"]);
}
