//! Statements: what a file renders, as Go's `text/template/exec.go` does it.

use std::collections::HashSet;
use std::rc::Rc;

use super::ast::{Branch, Change, Defines, Node, Operand, Pipeline};
use super::cache::Template;
use super::functions;
use super::key::{Key, Keys};
use super::parse::{add_define, parse};
use super::roots::Surroundings;
use super::traced::{Kind, Mark, Native, Origin, PIECE_BYTES, Text, Traced, Value};
use super::work::{Fault, Work};

/// What a file renders.
#[derive(Debug)]
pub struct File {
    /// The text, or why there is none.
    pub text: Result<Text, Fault>,
    /// The keys that decide what it renders: with other values at other keys it renders the same.
    pub reads: HashSet<Key>,
    /// The places above those keys.
    above: HashSet<Key>,
    /// Whether it sets something that the chart's next file sees.
    pub(super) changes_values: bool,
    /// What would have failed, had nobody had to guess which branch Helm takes.
    excused: HashSet<Excused>,
    asked: AskedOfHelm,
}

/// What a file asks Helm for that is not the same at each time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AskedOfHelm {
    /// Live objects, by `lookup`.
    pub(super) objects: bool,
    /// Which operation it is: `.Release.IsInstall`, `.Release.Revision` and the like.
    pub(super) operation: bool,
}

/// A field that was asked of something that has none: the key of that, and the name of the field.
pub(super) type Excused = (Option<Key>, Rc<str>);

impl File {
    /// Of a file that cannot be rendered whatever the values are.
    pub(super) fn failed(fault: Fault) -> Self {
        Self {
            text: Err(fault),
            reads: HashSet::new(),
            above: HashSet::new(),
            changes_values: false,
            excused: HashSet::new(),
            asked: AskedOfHelm::default(),
        }
    }

    /// Renders a file.
    pub(super) fn evaluate(
        defines: &Defines,
        nodes: &[Node],
        root: &Traced,
        surroundings: &Surroundings,
        work: &mut Work,
    ) -> Self {
        let level = work.level();
        let mut run = Run {
            defines: vec![defines],
            surroundings,
            work,
            reads: HashSet::new(),
            guesses: 0,
            excused: HashSet::new(),
            included: Vec::new(),
            jumping: Keys::None,
            asked: AskedOfHelm::default(),
        };
        let text = run.template(nodes, root);
        let Run {
            reads,
            work,
            excused,
            asked,
            ..
        } = run;
        work.back_to(level);
        let mut above = HashSet::new();
        for key in &reads {
            let mut place = key.parent();
            while let Some(key) = place.filter(|key| !above.contains(*key)) {
                above.insert(key.clone());
                place = key.parent();
            }
        }
        Self {
            text,
            reads,
            above,
            changes_values: false,
            excused,
            asked,
        }
    }

    /// Whether it asks for live objects.
    pub const fn asks_cluster(&self) -> bool {
        self.asked.objects
    }

    /// Whether it asks which operation it is rendered for.
    pub const fn asks_operation(&self) -> bool {
        self.asked.operation
    }

    /// Whether the next files of the chart see something that it set.
    pub const fn changes_values(&self) -> bool {
        self.changes_values
    }

    /// Whether something would fail that does not in another evaluation of the same file: that was rendered by Helm, so what
    /// was excused there is in branches that Helm did not take. This need not be.
    pub fn may_fail_unlike(&self, before: Option<&Self>) -> bool {
        let mut excused = self.excused.iter();
        !excused.all(|excused| before.is_some_and(|before| before.excused.contains(excused)))
    }

    /// Whether a value at this key may change what it renders.
    pub fn may_depend_on(&self, key: &Key) -> bool {
        let mut place = Some(key);
        while let Some(key) = place {
            if self.reads.contains(key) {
                return true;
            }
            place = key.parent();
        }
        self.above.contains(key)
    }
}

/// One evaluation of a file.
pub(super) struct Run<'r> {
    /// The definitions that are visible, those of the innermost `tpl` last.
    pub(super) defines: Vec<&'r Defines>,
    pub(super) surroundings: &'r Surroundings,
    pub(super) work: &'r mut Work,
    pub(super) reads: HashSet<Key>,
    /// How often a branch was taken without knowing the condition.
    pub(super) guesses: usize,
    pub(super) excused: HashSet<Excused>,
    /// The templates that are being rendered, with the guesses before each.
    included: Vec<(Rc<str>, usize)>,
    /// The keys that decide whether a turn of the innermost `range` ends before its end.
    jumping: Keys,
    pub(super) asked: AskedOfHelm,
}

/// The variables of a template, of which the innermost one of a name counts.
pub(super) struct Variables(Vec<(Rc<str>, Traced)>);

impl Variables {
    fn declare(&mut self, name: &Rc<str>, value: Traced) {
        self.0.push((Rc::clone(name), value));
    }

    fn place(&mut self, name: &str) -> Option<&mut Traced> {
        let place = self.0.iter_mut().rev().find(|(own, _)| **own == *name);
        place.map(|(_, place)| place)
    }

    fn assign(&mut self, name: &str, value: Traced) -> Result<(), Fault> {
        let place = self.place(name);
        *place.ok_or_else(|| Fault::Failed("a variable is not declared".to_owned()))? = value;
        Ok(())
    }

    pub(super) fn get(&self, name: &str) -> Result<&Traced, Fault> {
        let found = self.0.iter().rev().find(|(own, _)| **own == *name);
        found
            .map(|(_, value)| value)
            .ok_or_else(|| Fault::Failed("a variable is not declared".to_owned()))
    }
}

/// How a list of nodes ended.
enum Flow {
    /// At its end.
    Through,
    /// At `break`.
    Break,
    /// At `continue`.
    Continue,
}

impl Run<'_> {
    /// Renders a template with a dot of its own, which `$` is as well.
    pub(super) fn template(&mut self, nodes: &[Node], dot: &Traced) -> Result<Text, Fault> {
        let mut variables = Variables(vec![("".into(), dot.clone())]);
        let mut out = Text::default();
        self.work.enter()?;
        let result = self.nodes(nodes, dot, &mut variables, &mut out);
        self.work.leave();
        result.map(|_| out)
    }

    fn nodes(
        &mut self,
        nodes: &[Node],
        dot: &Traced,
        variables: &mut Variables,
        out: &mut Text,
    ) -> Result<Flow, Fault> {
        for node in nodes {
            self.work.step()?;
            match node {
                Node::Text(text) => {
                    self.work.bytes(text.len())?;
                    out.push_literal(text);
                }
                Node::Action(pipeline) => self.action(pipeline, dot, variables, out)?,
                Node::Template { name, argument } => {
                    let argument = match argument {
                        Some(pipeline) => self.pipeline(pipeline, dot, variables)?,
                        None => Traced::nil(),
                    };
                    let rendered = self.include(name, &argument)?;
                    self.work.bytes(rendered.cost())?;
                    out.append(&rendered);
                }
                Node::If(branch) | Node::With(branch) => {
                    let is_with = matches!(node, Node::With(_));
                    let flow = self.branch(branch, is_with, dot, variables, out)?;
                    if !matches!(flow, Flow::Through) {
                        return Ok(flow);
                    }
                }
                Node::Range(branch) => self.range(branch, dot, variables, out)?,
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Through)
    }

    fn action(
        &mut self,
        pipeline: &Pipeline,
        dot: &Traced,
        variables: &mut Variables,
        out: &mut Text,
    ) -> Result<(), Fault> {
        let value = self.pipeline(pipeline, dot, variables)?;
        if !pipeline.variables.is_empty() {
            return Self::set_variables(pipeline, &value, variables);
        }
        match &value.value {
            // Go prints `<no value>`, and Helm takes that out (`pkg/engine/engine.go`, `render`).
            Value::Nil => {
                self.work.bytes(PIECE_BYTES)?;
                out.push("", &value.origin);
            }
            Value::Text(text) => {
                self.work.bytes(text.cost())?;
                out.append(text);
            }
            // It is printed by its method `String`, which a function that is given it does not find.
            Value::Native(Native::KubeVersion(version)) => {
                self.work
                    .bytes(PIECE_BYTES.saturating_add(version.version.len()))?;
                out.push(&version.version, &value.origin);
            }
            _ => {
                let printed = functions::printed(&value, self.work)?;
                self.work.bytes(printed.cost())?;
                out.append(&printed);
            }
        }
        Ok(())
    }

    fn set_variables(pipeline: &Pipeline, value: &Traced, variables: &mut Variables) -> Result<(), Fault> {
        for name in &pipeline.variables {
            if pipeline.is_assignment {
                variables.assign(name, value.clone())?;
            } else {
                variables.declare(name, value.clone());
            }
        }
        Ok(())
    }

    /// `if` and `with`. Where the condition is not known, the first branch is taken.
    fn branch(
        &mut self,
        branch: &Branch,
        is_with: bool,
        dot: &Traced,
        variables: &mut Variables,
        out: &mut Text,
    ) -> Result<Flow, Fault> {
        let mark = variables.0.len();
        let value = self.pipeline(&branch.pipeline, dot, variables)?;
        if !branch.pipeline.variables.is_empty() {
            Self::set_variables(&branch.pipeline, &value, variables)?;
        }
        let truth = value.truth();
        if truth.is_none() {
            self.guesses += 1;
        }
        let is_taken = truth.unwrap_or(true);
        let (nodes, inner_dot) = match (is_taken, is_with) {
            (true, true) => (&branch.body, &value),
            (true, false) => (&branch.body, dot),
            (false, _) => (&branch.otherwise, dot),
        };
        let place = out.mark();
        self.work.enter()?;
        let flow = self.nodes(nodes, inner_dot, variables, out);
        self.work.leave();
        let flow = flow?;
        variables.0.truncate(mark);
        let keys = value.keys();
        // With another branch, the text itself hangs on the condition; without one, only whether it is there.
        let has_alternative = truth.is_none() || !branch.otherwise.is_empty();
        Conditional::new(&keys, has_alternative).rewrite(out, &place);
        self.note_nothing(branch, &keys, &place, out)?;
        self.hang_changes(branch, &keys, dot, variables)?;
        if branch.jumps {
            self.jumping = self.jumping.and(&keys);
        }
        Ok(flow)
    }

    /// What a branch changes, or would have changed, hangs on what decides about it.
    fn hang_changes(
        &mut self,
        branch: &Branch,
        keys: &Keys,
        dot: &Traced,
        variables: &mut Variables,
    ) -> Result<(), Fault> {
        if keys.is_none() {
            return Ok(());
        }
        for change in &branch.changes {
            self.work.step()?;
            match &**change {
                Change::Variable(name) => {
                    if let Some(place) = variables.place(name)
                        && !place.is_of_tree()
                    {
                        *place = functions::hang(place, keys, self.work)?;
                    }
                }
                Change::Maps(Operand::Variable(name, fields)) => {
                    if let Some(held) = variables.place(name).and_then(|place| place.at(fields)) {
                        self.hang_maps(&held, keys)?;
                    }
                }
                Change::Maps(Operand::Field(fields)) => {
                    if let Some(held) = dot.at(fields) {
                        self.hang_maps(&held, keys)?;
                    }
                }
                Change::Maps(_) => self.hang_maps(dot, keys)?,
            }
        }
        Ok(())
    }

    /// Lets the maps in a value hang on keys, for all who hold them: templates set something in them, or may do so.
    fn hang_maps(&mut self, value: &Traced, keys: &Keys) -> Result<(), Fault> {
        self.work.step()?;
        match &value.value {
            // A map may hold itself.
            Value::Map(map) if map.choose_by(keys) => {
                self.work.enter()?;
                let entries: Vec<Traced> = map.entries().values().cloned().collect();
                self.work.steps(entries.len())?;
                for entry in entries {
                    self.hang_maps(&entry, keys)?;
                }
                self.work.leave();
            }
            Value::List(items) => {
                self.work.enter()?;
                for item in items.iter() {
                    self.hang_maps(item, keys)?;
                }
                self.work.leave();
            }
            _ => {}
        }
        Ok(())
    }

    fn range(
        &mut self,
        branch: &Branch,
        dot: &Traced,
        variables: &mut Variables,
        out: &mut Text,
    ) -> Result<(), Fault> {
        let mark = variables.0.len();
        let value = self.pipeline(&branch.pipeline, dot, variables)?;
        let keys = value.keys();
        let elements = self.elements(&value, &keys)?;
        let place = out.mark();
        let jumping = std::mem::take(&mut self.jumping);
        if elements.is_empty() {
            self.work.enter()?;
            let flow = self.nodes(&branch.otherwise, dot, variables, out);
            self.work.leave();
            flow?;
            variables.0.truncate(mark);
        }
        for (index, element) in elements {
            self.work.step()?;
            match (&branch.pipeline.variables[..], branch.pipeline.is_assignment) {
                ([], _) => {}
                ([name], false) => variables.declare(name, element.clone()),
                ([name], true) => variables.assign(name, element.clone())?,
                ([first, second, ..], false) => {
                    variables.declare(first, index);
                    variables.declare(second, element.clone());
                }
                ([first, second, ..], true) => {
                    variables.assign(first, index)?;
                    variables.assign(second, element.clone())?;
                }
            }
            self.work.enter()?;
            let flow = self.nodes(&branch.body, &element, variables, out);
            self.work.leave();
            variables.0.truncate(mark);
            if matches!(flow?, Flow::Break) {
                break;
            }
        }
        let keys = std::mem::replace(&mut self.jumping, jumping).and(&keys);
        Conditional::new(&keys, !branch.otherwise.is_empty()).rewrite(out, &place);
        self.note_nothing(branch, &keys, &place, out)?;
        self.hang_changes(branch, &keys, dot, variables)
    }

    /// Notes that a condition may put something into a line where it put nothing.
    fn note_nothing(
        &mut self,
        branch: &Branch,
        keys: &Keys,
        place: &Mark,
        out: &mut Text,
    ) -> Result<(), Fault> {
        if branch.is_within_line && !keys.is_none() && out.is_at(place) {
            self.work.bytes(PIECE_BYTES)?;
            out.push(
                "",
                &Origin {
                    kind: Kind::Alternative,
                    ..Origin::derived(keys.clone())
                },
            );
        }
        Ok(())
    }

    /// What `range` goes through: indexes or names, and elements. Of what is not known, one element that is not known.
    fn elements(&mut self, value: &Traced, keys: &Keys) -> Result<Vec<(Traced, Traced)>, Fault> {
        let origin = Origin::derived(keys.clone());
        let keys = || origin.clone();
        Ok(match &value.value {
            Value::Nil => Vec::new(),
            Value::Unknown => {
                self.guesses += 1;
                let unknown = Traced::unknown(std::slice::from_ref(value));
                vec![(unknown.clone(), unknown)]
            }
            Value::List(items) => {
                self.work.list(items.len())?;
                let index = |index| Traced {
                    value: Value::Int(i64::try_from(index).unwrap_or(i64::MAX)),
                    origin: keys(),
                };
                let items = items.iter().enumerate();
                items
                    .map(|(i, item)| Ok((index(i), functions::taken_from(value, item, self.work)?)))
                    .collect::<Result<_, Fault>>()?
            }
            Value::Map(map) => {
                let name = |name: &Rc<str>| Traced::text(Text::of(&**name, keys()));
                let entries = map.entries();
                self.work.list(entries.len())?;
                entries
                    .iter()
                    .map(|(own, item)| Ok((name(own), functions::taken_from(value, item, self.work)?)))
                    .collect::<Result<_, Fault>>()?
            }
            Value::Native(Native::Files(files)) => files
                .iter()
                .map(|(name, content)| {
                    let content = String::from_utf8_lossy(content);
                    (
                        Traced::text(Text::literal(&**name)),
                        Traced::text(Text::literal(content)),
                    )
                })
                .collect(),
            Value::Int(count) => {
                let count = usize::try_from(*count).unwrap_or_default();
                self.work.list(count)?;
                let number = |number: usize| Traced {
                    value: Value::Int(i64::try_from(number).unwrap_or(i64::MAX)),
                    origin: keys(),
                };
                (0..count).map(|i| (number(i), number(i))).collect()
            }
            Value::Native(Native::ApiVersions(served)) => served
                .iter()
                .map(|version| (Traced::nil(), Traced::text(Text::literal(version))))
                .collect(),
            Value::Bool(_) | Value::Float(_) | Value::Text(_) | Value::Native(Native::KubeVersion(_)) => {
                return Err(Fault::Failed("range cannot go through a single value".to_owned()));
            }
        })
    }

    /// Renders a named template. What nobody knows is a hole, and so is one inside itself where nobody knows whether it
    /// comes to that: Helm's ends somewhere.
    pub(super) fn include(&mut self, name: &str, argument: &Traced) -> Result<Text, Fault> {
        let defined = self
            .defines
            .iter()
            .rev()
            .find_map(|defines| defines.get_key_value(name));
        let is_guess = |(own, guesses): &(Rc<str>, usize)| **own == *name && self.guesses > *guesses;
        let Some((name, nodes)) = defined.filter(|_| !self.included.iter().any(is_guess)) else {
            return Ok(Text::hole(Origin::hole(keys_of_argument(argument))));
        };
        let (name, nodes) = (Rc::clone(name), Rc::clone(nodes));
        self.included.push((name, self.guesses));
        let rendered = self.template(&nodes, argument);
        self.included.pop();
        rendered
    }

    /// A text as a template.
    fn parsed(&mut self, text: &str) -> Result<Rc<Template>, Fault> {
        if let Some(template) = self.work.cache.templates.get(text) {
            return Ok(template);
        }
        let parsed = parse(text, self.work)?;
        let mut defines = Defines::new();
        for (name, nodes) in parsed.defines {
            add_define(&mut defines, name, nodes);
        }
        let template = Rc::new(Template {
            nodes: parsed.nodes,
            defines,
        });
        self.work.cache.templates.insert(text, 0, &template);
        Ok(template)
    }

    /// Renders a text as a template (Helm: `pkg/engine/engine.go`, `tplFun`). What it defines is seen by it alone.
    pub(super) fn tpl(&mut self, text: &Text, dot: &Traced) -> Result<Text, Fault> {
        if !text.as_str().contains("{{") {
            return Ok(text.clone());
        }
        let template = self.parsed(text.as_str())?;
        let mut visible = self.defines.clone();
        visible.push(&template.defines);
        let mut run = Run {
            defines: visible,
            surroundings: self.surroundings,
            work: &mut *self.work,
            reads: std::mem::take(&mut self.reads),
            guesses: self.guesses,
            excused: std::mem::take(&mut self.excused),
            included: std::mem::take(&mut self.included),
            jumping: Keys::None,
            asked: self.asked,
        };
        let rendered = run.template(&template.nodes, dot);
        (self.reads, self.guesses, self.included) = (run.reads, run.guesses, run.included);
        (self.excused, self.asked) = (run.excused, run.asked);
        let keys = text.keys();
        Ok(rendered?.map_origins(|_, origin| match origin.kind {
            // The text is a value itself, written by whoever set the key.
            Kind::Literal => Origin::derived(origin.keys.and(&keys)),
            Kind::Value | Kind::Default | Kind::Derived | Kind::Alternative | Kind::Hole => {
                origin.clone().hanging_on(&keys)
            }
        }))
    }
}

/// The keys that a helper may show. One that gets everything may show anything, which says nothing.
fn keys_of_argument(argument: &Traced) -> Keys {
    if let Value::Map(map) = &argument.value
        && map.entries().contains_key("Chart")
    {
        return Keys::None;
    }
    argument.keys()
}

/// What becomes of the pieces that a condition decides about.
struct Conditional<'k> {
    /// The keys of the condition.
    keys: &'k Keys,
    /// Whether another text may stand in place of this one.
    has_alternative: bool,
    /// The keys of the last piece, and the same with those of the condition: neighbours often hang on the same.
    last: Option<(Keys, Keys)>,
}

impl<'k> Conditional<'k> {
    fn new(keys: &'k Keys, has_alternative: bool) -> Self {
        Self {
            keys,
            has_alternative,
            last: None,
        }
    }

    /// Rewrites the origins of what was rendered since a mark.
    fn rewrite(mut self, out: &mut Text, place: &Mark) {
        let is_conditional = self.has_alternative || !self.keys.is_none();
        out.rewrite_from(place, |text, origin| {
            is_conditional.then(|| self.origin(text, origin)).flatten()
        });
    }

    /// The origin of a piece; `None` where it stays.
    fn origin(&mut self, text: &str, origin: &Origin) -> Option<Origin> {
        if !matches!(origin.kind, Kind::Literal | Kind::Alternative) || text.chars().all(char::is_whitespace)
        {
            return None;
        }
        let keys = match &self.last {
            Some((own, both)) if own.is(&origin.keys) => both.clone(),
            Some(_) | None => origin.keys.and(self.keys),
        };
        self.last = Some((origin.keys.clone(), keys.clone()));
        Some(Origin {
            kind: if self.has_alternative {
                Kind::Alternative
            } else {
                origin.kind
            },
            key: None,
            keys,
        })
    }
}
