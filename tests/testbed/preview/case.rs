//! The table of cases, `rollbacks.txt`: what a case says, read from its lines. The head of that file explains them.

use super::method::{Client, Method};

/// One case.
#[derive(Debug)]
pub(super) struct Case {
    /// The heading that it stands under.
    pub(super) section: &'static str,
    /// A short name, for namespaces and messages.
    pub(super) name: &'static str,
    /// What it is about, in words.
    pub(super) title: &'static str,
    /// The objects of the chart.
    pub(super) objects: Vec<Object>,
    /// What happens beside Helm, in the order of the table.
    pub(super) acts: Vec<Act>,
    /// The operations that are made by a client of their own.
    clients: Vec<(Step, Client)>,
    /// The revisions whose operation fails, and how.
    ends: Vec<(u64, End)>,
    /// What is previewed, and done then.
    pub(super) operation: Operation,
    /// Flags of that operation, by method. driftline is told none of them.
    flags: Option<[&'static str; 3]>,
    /// What Helm really does, by method.
    cells: [Cell; 3],
    /// What really happens to some of the objects, as `Kind/name`, by method.
    fates: Vec<(&'static str, [&'static str; 3])>,
    /// Where driftline says something else: the methods, its answer, and why.
    predicted: Vec<(&'static str, &'static str)>,
    /// What dry runs confirm, by method, where they are asked for.
    confirmed: Option<[&'static str; 3]>,
}

/// An object in the short form of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    /// The revisions that have it, a digit each.
    pub(super) revisions: &'static str,
    /// `Kind/name`.
    pub(super) name: &'static str,
    /// What it has beside what every object of its kind has, as YAML.
    pub(super) body: &'static str,
}

/// Something that happens beside Helm.
#[derive(Debug)]
pub(super) struct Act {
    /// After which revision.
    pub(super) after: u64,
    /// What.
    pub(super) what: Deed,
}

/// What somebody does.
#[derive(Debug)]
pub(super) enum Deed {
    /// Runs a line of shell.
    Shell(&'static str),
    /// Creates an object by hand.
    Create(Object),
    /// Installs another release that has the object.
    OtherRelease(Object),
}

/// One operation of Helm in a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The installation or upgrade that makes a revision.
    Revision(u64),
    /// The operation that is previewed.
    Last,
}

/// How an installation or upgrade ends that does not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Helm fails.
    Fails,
    /// Helm is killed as soon as this exists.
    KilledAt(&'static str),
}

/// The operation that is previewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// `helm rollback`, to the revision if one is given.
    Rollback(Option<u64>),
    /// `helm upgrade` to the last revision of the chart.
    Upgrade,
}

/// What one method comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    /// The case is not about the method.
    Skipped,
    /// As the table says: an outcome, and the codes of its causes.
    Known(&'static str),
}

impl Case {
    /// Reads the table.
    pub(super) fn all(table: &'static str) -> Vec<Self> {
        let mut section = "";
        let mut cases: Vec<Self> = Vec::new();
        let lines = table.lines().map(str::trim_end);
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(heading) = line.strip_prefix("== ") {
                section = heading;
            } else if let Some(body) = line.strip_prefix("    ") {
                cases.last_mut().expect("a line belongs to a case").read(body);
            } else {
                let (name, title) = line
                    .split_once(": ")
                    .expect("a case begins with its name and title");
                cases.push(Self::new(section, name, title));
            }
        }
        cases
    }

    fn new(section: &'static str, name: &'static str, title: &'static str) -> Self {
        Self {
            section,
            name,
            title,
            objects: Vec::new(),
            acts: Vec::new(),
            clients: Vec::new(),
            ends: Vec::new(),
            operation: Operation::Rollback(Some(1)),
            flags: None,
            cells: [Cell::Skipped; 3],
            fates: Vec::new(),
            predicted: Vec::new(),
            confirmed: None,
        }
    }

    fn read(&mut self, line: &'static str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "->" => self.cells = by_method(rest).map(Cell::of),
            "?" => {
                let (object, fates) = rest.split_once(' ').expect("a fate belongs to an object");
                self.fates.push((object, by_method(fates)));
            }
            "flags" => self.flags = Some(by_method(rest)),
            "predicted" => {
                let (methods, answer) = rest.split_once(": ").expect("a prediction names its methods");
                assert!(
                    answer.contains(", because "),
                    "a wrong prediction has a reason: {line}"
                );
                self.predicted.push((methods, answer));
            }
            "confirmed" => self.confirmed = Some(by_method(rest)),
            "upgrade" => self.operation = Operation::Upgrade,
            "rollback" => match rest.strip_prefix("by ") {
                Some(client) => self.clients.push((Step::Last, Client::of(client))),
                None => self.operation = Operation::Rollback(rest.parse().ok()),
            },
            _ => self.read_step(word, rest),
        }
    }

    /// Reads a line that begins with a number.
    fn read_step(&mut self, word: &'static str, rest: &'static str) {
        let end = word
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(word.len());
        let (number, sign) = word.split_at(end);
        let what = match (sign, rest.split_once(' ').unwrap_or((rest, ""))) {
            ("$", _) => Deed::Shell(rest),
            ("+", (name, body)) => Deed::Create(Object::new(number, name, body)),
            ("&", (name, body)) => Deed::OtherRelease(Object::new(number, name, body)),
            ("", ("fails", "")) => return self.ends.push((revision(number), End::Fails)),
            ("", ("killed", at)) => {
                let at = at.strip_prefix("at ").expect("it is killed at something");
                return self.ends.push((revision(number), End::KilledAt(at)));
            }
            ("", ("by", client)) => {
                let step = Step::Revision(revision(number));
                return self.clients.push((step, Client::of(client)));
            }
            ("", (name, body)) => return self.objects.push(Object::new(number, name, body)),
            _ => panic!("{}: what is `{word} {rest}`?", self.name),
        };
        let after = revision(number);
        self.acts.push(Act { after, what });
    }

    /// The last revision of the chart.
    pub(super) fn last_revision(&self) -> u64 {
        let digits = self.objects.iter().flat_map(|object| object.revisions.chars());
        let last = digits.filter_map(|digit| digit.to_digit(10)).max();
        last.map_or(2, u64::from).max(2)
    }

    /// The revisions that Helm makes before the operation.
    pub(super) fn revisions(&self) -> std::ops::RangeInclusive<u64> {
        match self.operation {
            Operation::Rollback(_) => 1..=self.last_revision(),
            Operation::Upgrade => 1..=self.last_revision() - 1,
        }
    }

    /// The Helm that makes a step.
    pub(super) fn client(&self, method: Method, step: Step) -> Client {
        let own = self.clients.iter().find(|(of, _)| *of == step);
        own.map_or_else(|| method.client(step), |(_, client)| client.clone())
    }

    /// How the operation of a revision ends, unless it succeeds.
    pub(super) fn end(&self, revision: u64) -> Option<End> {
        let own = self.ends.iter().find(|(of, _)| *of == revision);
        own.map(|(_, end)| *end)
    }

    /// Flags of the last operation.
    pub(super) fn flags(&self, method: Method) -> impl Iterator<Item = &'static str> + use<> {
        let flags = self.flags.map_or("", |flags| flags[method.position()]);
        flags.split(' ').filter(|flag| !flag.is_empty() && *flag != "-")
    }

    /// Whether driftline can say something of the operation: it is told no flags.
    pub(super) fn is_previewed(&self) -> bool {
        self.flags.is_none()
    }

    /// What a method comes to; none where the case is not about it.
    pub(super) fn cell(&self, method: Method) -> Option<&'static str> {
        match self.cells[method.position()] {
            Cell::Skipped => None,
            Cell::Known(cell) => Some(cell),
        }
    }

    /// What happens to objects.
    pub(super) fn fates(&self, method: Method) -> impl Iterator<Item = (&'static str, &'static str)> {
        let position = method.position();
        self.fates
            .iter()
            .map(move |(object, fates)| (*object, fates[position]))
    }

    /// What dry runs confirm.
    pub(super) fn confirmed(&self, method: Method) -> Option<&'static str> {
        self.confirmed.map(|confirmed| confirmed[method.position()])
    }

    /// The answer that driftline is known to give where it is not Helm's.
    pub(super) fn predicted(&self, method: Method) -> Option<&'static str> {
        let is_of = |names: &str| names.split(' ').any(|name| name == method.name());
        let own = self.predicted.iter().find(|(names, _)| is_of(names));
        own.map(|(_, answer)| *answer)
    }
}

impl Object {
    const fn new(revisions: &'static str, name: &'static str, body: &'static str) -> Self {
        Self {
            revisions,
            name,
            body,
        }
    }

    /// Whether a revision has it.
    pub(super) fn is_in(&self, revision: u64) -> bool {
        self.revisions.contains(&revision.to_string())
    }
}

impl Cell {
    fn of(text: &'static str) -> Self {
        if text == "-" {
            Self::Skipped
        } else {
            Self::Known(text)
        }
    }
}

fn revision(digits: &str) -> u64 {
    digits
        .parse()
        .unwrap_or_else(|_| panic!("{digits} is no revision"))
}

/// One text for each method: one for all, or two where it depends on where the merge is made.
fn by_method(text: &'static str) -> [&'static str; 3] {
    let cells: Vec<&str> = text.split(" | ").map(str::trim).collect();
    match *cells.as_slice() {
        [all] => [all; 3],
        [client, server] => [client, client, server],
        [old, client, server] => [old, client, server],
        _ => panic!("one, two or three cells, not {text}"),
    }
}
