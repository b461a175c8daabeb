//! The calls among the templates of a chart, as far as they tell which template may render something else the next time.
//!
//! This is no template engine: of every action the words and the quoted texts are read, and from them which piece it
//! belongs to, what it calls and where in the YAML its output stands. What only runs under a condition counts, because nobody
//! knows the condition. A call whose name is put together may be of any piece, but for the usual checksum
//! (`include (print $.Template.BasePath "/secret.yaml") .`); what `tpl` renders may be any text of the values and of the
//! chart's other files.

use std::collections::{BTreeMap, BTreeSet};

use super::super::limits::MAX_WORD;
use super::super::variations::{Cause, TemplateVariations, Variation, Variations};
use super::actions::{Actions, Token, Tokens, has_actions};
use super::place::Place;

/// The bytes of the names that are noted of one chart; no known chart has a tenth of them. A chart that has more counts
/// as one that was not looked into.
const MAX_BYTES: usize = 4 << 20;

/// How many files that render something else are told apart.
const MAX_TOLD: usize = 1_000;

/// How many keys are told apart of one piece and cause; where more are otherwise, anything may be.
const MAX_KEYS: usize = 8;

/// The tokens of the longest action that is looked into; hand-written ones have a tenth of them.
const MAX_TOKENS: usize = 4_000;

/// The tokens of the longest name that is put together.
const MAX_NAME: usize = 16;

/// How many keys are told apart that one piece writes into what all templates share.
const MAX_SET: usize = 16;

/// How many names that are put together are told apart; where there are more, each may be any.
const MAX_PATTERNS: usize = 64;

/// How deeply texts with actions stand in the texts of actions.
const MAX_DEPTH: usize = 4;

/// What a name takes besides its text.
const NAME_BYTES: usize = 64;

/// Functions that render something else each time (Masterminds/sprig: `functions.go`, `genericMap`, and Helm's
/// `pkg/engine/funcs.go`, `funcMap`, which adds `getHostByName` where DNS is on).
const ANEW: [&[u8]; 23] = [
    b"ago",
    b"bcrypt",
    b"durationRound",
    b"encryptAES",
    b"genCA",
    b"genCAWithKey",
    b"genPrivateKey",
    b"genSelfSignedCert",
    b"genSelfSignedCertWithKey",
    b"genSignedCert",
    b"genSignedCertWithKey",
    b"getHostByName",
    b"htpasswd",
    b"now",
    b"randAlpha",
    b"randAlphaNum",
    b"randAscii",
    b"randBytes",
    b"randInt",
    b"randNumeric",
    b"shuffle",
    b"uuid",
    b"uuidv4",
];

/// What each operation of Helm sets anew (Helm: `pkg/chart/common/util/values.go`, `ToRenderValues`), from wherever it is read.
const RELEASE_FIELDS: [&[u8]; 3] = [b".Revision", b".IsInstall", b".IsUpgrade"];

/// Functions that take whatever fields the release has.
const WHOLE_MAP: [&[u8]; 9] = [
    b"get",
    b"index",
    b"omit",
    b"pick",
    b"toJson",
    b"toPrettyJson",
    b"toString",
    b"toYaml",
    b"values",
];

/// Functions that take the time that it is where they are given none.
const DATES: [&[u8]; 5] = [
    b"date",
    b"dateInZone",
    b"date_in_zone",
    b"htmlDate",
    b"htmlDateInZone",
];

/// The field of all templates that has the values.
const VALUES: &[u8] = b".Values.";

/// Functions that change the map that they are given, which may be a part of what all templates share.
const SETTERS: [&[u8]; 6] = [
    b"merge",
    b"mergeOverwrite",
    b"mustMerge",
    b"mustMergeOverwrite",
    b"set",
    b"unset",
];

/// The templates of a library that many charts depend on, and that read live objects (bitnami/charts:
/// `bitnami/common/templates/_secrets.tpl`).
const LIBRARY: [&str; 3] = [
    "common.secrets.passwords.manage",
    "common.secrets.lookup",
    "common.secrets.exists",
];

/// Templates of the same library that render texts of values by `tpl` (`_tplvalues.tpl`).
const TEXT_RENDERERS: [&str; 3] = [
    "common.tplvalues.merge",
    "common.tplvalues.merge-overwrite",
    "common.tplvalues.render",
];

/// A piece of template that others can call.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Scope {
    /// A file, without the templates that it defines.
    File(String),
    /// A named template.
    Named(String),
    /// The named templates whose names begin and end so.
    Like(String, String),
    /// Whatever `tpl` renders.
    Texts,
    /// Any of those.
    Any,
    /// What templates write into what all of them share, by its key.
    Value(String),
    /// The same, where the key is not known.
    Values,
}

impl Scope {
    fn name(&self) -> &str {
        match self {
            Self::File(name) | Self::Named(name) | Self::Like(name, _) | Self::Value(name) => name,
            Self::Texts | Self::Any | Self::Values => "",
        }
    }

    /// Whether a named template is one of those that a name may be which is put together.
    fn matches(&self, name: &str) -> bool {
        match self {
            Self::Like(start, end) => name
                .strip_prefix(start.as_str())
                .is_some_and(|rest| rest.ends_with(end)),
            _ => false,
        }
    }
}

/// A call, from the side of what is called.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Caller {
    scope: Scope,
    place: Place,
}

/// The calls of the templates of one chart.
#[derive(Debug, Default)]
pub(super) struct Calls {
    files: BTreeSet<String>,
    /// Who calls what, the called first. The called may be anything.
    callers: BTreeMap<Scope, BTreeSet<Caller>>,
    defined: BTreeSet<String>,
    found: BTreeSet<(Scope, Variation)>,
    /// The pieces that write into what all templates may share, each with what it writes.
    setters: BTreeSet<(Scope, Scope)>,
    has_unread_files: bool,
    bytes: usize,
}

impl Calls {
    /// Notes a file that is not looked into.
    pub(super) fn add_unread_file(&mut self, name: &str) {
        self.has_unread_files = true;
        if self.affords(name) {
            self.files.insert(name.to_owned());
            let variation = Variation::of_all(Cause::NotRead);
            self.found.insert((Scope::File(name.to_owned()), variation));
        }
    }

    /// Notes the calls in a file.
    pub(super) fn add_file(&mut self, name: &str, text: &[u8]) {
        if !self.affords(name) {
            return;
        }
        self.files.insert(name.to_owned());
        let mut blocks = Blocks::of(Scope::File(name.to_owned()));
        self.add_actions(&mut blocks, text, None, 0);
    }

    /// Notes the calls in a text that `tpl` may render.
    pub(super) fn add_text(&mut self, text: &[u8]) {
        self.add_actions(&mut Blocks::of(Scope::Texts), text, Some(&Place::Somewhere), 0);
    }

    /// Notes a text that is not looked into.
    pub(super) fn add_unread_text(&mut self) {
        let variation = Variation::of_all(Cause::NotRead);
        self.found.insert((Scope::Texts, variation));
    }

    /// Takes in the calls of another part of the chart.
    pub(super) fn absorb(&mut self, other: Self) {
        self.files.extend(other.files);
        for (called, callers) in other.callers {
            self.callers.entry(called).or_default().extend(callers);
        }
        self.defined.extend(other.defined);
        self.found.extend(other.found);
        self.setters.extend(other.setters);
        self.has_unread_files |= other.has_unread_files;
        self.bytes += other.bytes;
    }

    /// Whether one more name may be noted.
    const fn affords(&mut self, name: &str) -> bool {
        self.bytes += NAME_BYTES + 2 * name.len();
        self.bytes <= MAX_BYTES
    }

    /// Notes the calls in a text; where that is no file, with the place of what it renders.
    fn add_actions(&mut self, blocks: &mut Blocks, text: &[u8], place_of_text: Option<&Place>, depth: usize) {
        for action in Actions::of(text) {
            let tokens: Vec<Token<'_>> = Tokens(action.inner).take(MAX_TOKENS + 1).collect();
            if tokens.len() > MAX_TOKENS {
                self.add_variation(blocks.scope(), Cause::NotRead, &Place::Somewhere);
            }
            let first = tokens.first().and_then(|token| token.word()).unwrap_or_default();
            match first {
                b"if" | b"range" | b"with" => blocks.open += 1,
                b"end" => blocks.end(),
                b"define" | b"block" => {
                    if let Some(Token::Text(name)) = tokens.get(1) {
                        let name = lossy(name);
                        // A block is a definition that is called where it stands.
                        if first == b"block" {
                            self.add_call(Scope::Named(name.clone()), blocks.scope(), Place::Whole);
                        }
                        if self.affords(&name) {
                            self.defined.insert(name.clone());
                        }
                        blocks.begin(name);
                    }
                }
                _ => {}
            }
            let place = place_of_text.map_or_else(|| Place::of(action.before, &tokens), Clone::clone);
            self.add_tokens(blocks, &tokens, &place, depth);
            if is_anew_together(&tokens) {
                self.add_variation(blocks.scope(), Cause::RendersAnew, &place);
            }
            if renders_made_up_text(&tokens) {
                self.add_variation(blocks.scope(), Cause::NotRead, &place);
            }
        }
    }

    fn add_tokens(&mut self, blocks: &mut Blocks, tokens: &[Token<'_>], place: &Place, depth: usize) {
        for (position, token) in tokens.iter().enumerate() {
            let rest = &tokens[position + 1..];
            match token {
                Token::Text(text) if depth < MAX_DEPTH && has_actions(text) => {
                    // Its quotes are escaped where it stands in quotes itself.
                    let text = unquoted(text);
                    let mut inner = Blocks::of(blocks.scope());
                    let place = match place {
                        Place::Key(_) => place,
                        Place::Whole | Place::Somewhere => &Place::Somewhere,
                    };
                    self.add_actions(&mut inner, &text, Some(place), depth + 1);
                }
                Token::Word(b"lookup") => self.add_variation(blocks.scope(), Cause::ReadsLive, place),
                Token::Word(b"include" | b"template") => {
                    for called in called_by(rest) {
                        self.add_call(called, blocks.scope(), place.clone());
                    }
                }
                Token::Word(b"tpl") => self.add_call(Scope::Texts, blocks.scope(), place.clone()),
                Token::Word(word) if is_anew(word) => {
                    self.add_variation(blocks.scope(), Cause::RendersAnew, place);
                }
                Token::Word(word) if SETTERS.contains(word) => self.add_setter(&blocks.scope(), rest),
                Token::Word(word) if word.windows(VALUES.len()).any(|part| part == VALUES) => {
                    self.add_reader(&blocks.scope(), word);
                }
                Token::Word(_) | Token::Text(_) | Token::Mark(_) => {}
            }
        }
    }

    fn add_setter(&mut self, scope: &Scope, arguments: &[Token<'_>]) {
        // `set MAP KEY VALUE`; what is merged has whatever keys. A variable is followed only so far that the key is known.
        let written = match behind_first(arguments) {
            // In the place of all values anything may be.
            [Token::Text(b"Values"), ..] => Scope::Values,
            [Token::Text(key), ..] => Scope::Value(lossy(key)),
            _ => Scope::Values,
        };
        let is_followed = written != Scope::Values || is_shared(arguments);
        if is_followed && self.affords(scope.name()) && self.affords(written.name()) {
            self.setters.insert((scope.clone(), written));
        }
    }

    /// Notes that a piece reads a field: what is written at any key on the way to it may be what it reads.
    fn add_reader(&mut self, scope: &Scope, field: &[u8]) {
        let keys = field.split(|byte| *byte == b'.');
        for key in keys.filter(|key| !key.is_empty() && *key != b"Values") {
            let value = Scope::Value(lossy(key));
            let caller = Caller {
                scope: scope.clone(),
                place: Place::Somewhere,
            };
            let known = self.callers.get(&value);
            if !known.is_some_and(|known| known.contains(&caller)) {
                self.add_call(value, caller.scope, caller.place);
            }
        }
    }

    fn add_variation(&mut self, scope: Scope, cause: Cause, place: &Place) {
        if self.affords(scope.name()) {
            let key = match place {
                Place::Key(key) => Some(key.clone()),
                Place::Whole | Place::Somewhere => None,
            };
            self.found.insert((scope, Variation { cause, key }));
        }
    }

    fn add_call(&mut self, called: Scope, scope: Scope, place: Place) {
        if self.affords(called.name()) && self.affords(scope.name()) {
            self.callers
                .entry(called)
                .or_default()
                .insert(Caller { scope, place });
        }
    }

    /// What may be rendered otherwise.
    pub(super) fn variations(mut self, has_dependencies: bool) -> Variations {
        self.limit_patterns();
        self.let_setters_be_called();
        let mut pieces = Pieces::default();
        for (scope, variation) in self.foreign().into_iter().chain(std::mem::take(&mut self.found)) {
            pieces.add(scope, variation);
        }
        let patterns: Vec<Scope> = self.patterns().cloned().collect();
        while let Some((scope, variation)) = pieces.to_follow.pop() {
            for caller in self.callers.get(&scope).into_iter().flatten() {
                let key = match &caller.place {
                    Place::Key(key) => Some(key.clone()),
                    Place::Whole => variation.key.clone(),
                    Place::Somewhere => None,
                };
                let cause = variation.cause;
                pieces.add(caller.scope.clone(), Variation { cause, key });
            }
            if let Scope::Named(name) = &scope {
                for pattern in patterns.iter().filter(|pattern| pattern.matches(name)) {
                    pieces.add(pattern.clone(), variation.clone());
                }
            }
            match scope {
                Scope::File(_) | Scope::Named(_) | Scope::Texts => pieces.add(Scope::Any, variation),
                Scope::Like(..) | Scope::Any | Scope::Value(_) | Scope::Values => {}
            }
        }
        let mut everywhere = pieces.found.remove(&Scope::Values).unwrap_or_default();
        // A dependency's templates are doubted where they are included.
        everywhere.retain(|variation| variation.cause != Cause::Dependency);
        let mut files = BTreeMap::new();
        for file in self.files.into_iter().filter(|file| is_rendered(file)) {
            if let Some(mut variations) = pieces.found.remove(&Scope::File(file.clone())) {
                variations.extend(everywhere.iter().cloned());
                files.insert(file, variations);
            }
        }
        if self.bytes > MAX_BYTES || files.len() > MAX_TOLD {
            files.clear();
            everywhere.insert(Variation::of_all(Cause::NotRead));
        }
        Variations {
            files,
            other_files: everywhere,
            has_dependencies,
        }
    }

    /// What is called and is in none of the files that were read.
    fn foreign(&self) -> Vec<(Scope, Variation)> {
        let names = self.callers.keys().filter_map(|scope| match scope {
            Scope::Named(name) if !self.defined.contains(name) => Some(name),
            _ => None,
        });
        let put_together = self.callers.keys().filter(|scope| match scope {
            Scope::Like(..) => !self.defined.iter().any(|name| scope.matches(name)),
            Scope::Any => true,
            _ => false,
        });
        let put_together = put_together.map(|scope| (scope.clone(), Variation::of_all(Cause::Dependency)));
        names
            .filter(|name| {
                // The path of a file.
                let file = name.split_once('/').map(|(_, file)| file);
                !file.is_some_and(|file| self.files.contains(file)) && !is_of_names(name)
            })
            .map(|name| {
                let cause = if LIBRARY.contains(&name.as_str()) {
                    Cause::ReadsLive
                } else if self.has_unread_files {
                    Cause::NotRead
                } else {
                    Cause::Dependency
                };
                (Scope::Named(name.clone()), Variation::of_all(cause))
            })
            .chain(put_together)
            .collect()
    }

    /// The names that are put together.
    fn patterns(&self) -> impl Iterator<Item = &Scope> {
        self.callers
            .keys()
            .filter(|scope| matches!(scope, Scope::Like(..)))
    }

    /// Where too many names are put together, takes each for any.
    fn limit_patterns(&mut self) {
        if self.patterns().nth(MAX_PATTERNS).is_none() {
            return;
        }
        let patterns: Vec<Scope> = self.patterns().cloned().collect();
        let callers: Vec<Caller> = patterns
            .iter()
            .filter_map(|pattern| self.callers.remove(pattern))
            .flatten()
            .collect();
        self.callers.entry(Scope::Any).or_default().extend(callers);
    }

    /// Lets what is written into shared values call the pieces that write it, by themselves or by what they call: a helper
    /// writes what its caller hands to it.
    fn let_setters_be_called(&mut self) {
        let mut found: BTreeMap<Scope, BTreeSet<Scope>> = BTreeMap::new();
        let mut to_follow: Vec<(Scope, Scope)> = std::mem::take(&mut self.setters).into_iter().collect();
        while let Some((scope, written)) = to_follow.pop() {
            let known = found.entry(scope.clone()).or_default();
            let written = if known.len() < MAX_SET {
                written
            } else {
                Scope::Values
            };
            if known.contains(&Scope::Values) || !known.insert(written.clone()) {
                continue;
            }
            let callers = self.callers.get(&scope).into_iter().flatten();
            to_follow.extend(callers.map(|caller| (caller.scope.clone(), written.clone())));
        }
        for (scope, written) in found {
            let writers = written.into_iter().map(|scope| Caller {
                scope,
                place: Place::Somewhere,
            });
            self.callers.entry(scope).or_default().extend(writers);
        }
    }
}

/// The pieces that may render something else, and which of them are still to follow.
#[derive(Default)]
struct Pieces {
    found: BTreeMap<Scope, TemplateVariations>,
    to_follow: Vec<(Scope, Variation)>,
}

impl Pieces {
    fn add(&mut self, scope: Scope, variation: Variation) {
        let known = self.found.entry(scope.clone()).or_default();
        let whole = Variation::of_all(variation.cause);
        if known.contains(&whole) {
            return;
        }
        let same_cause = known.iter().filter(|other| other.cause == variation.cause);
        let variation = if same_cause.count() < MAX_KEYS {
            variation
        } else {
            whole.clone()
        };
        if variation == whole {
            known.retain(|other| other.cause != whole.cause);
        }
        if known.insert(variation.clone()) {
            self.to_follow.push((scope, variation));
        }
    }
}

/// What an `include` or `template` calls, by the tokens behind it.
fn called_by(rest: &[Token<'_>]) -> Vec<Scope> {
    match rest {
        [Token::Text(name), ..] if !name.contains(&b'\\') => {
            let name = lossy(name);
            if TEXT_RENDERERS.contains(&name.as_str()) {
                return vec![Scope::Texts];
            }
            // Every file is a template too, by its path from the folder that the chart is in.
            let file = name.split_once('/').map(|(_, file)| Scope::File(file.to_owned()));
            std::iter::once(Scope::Named(name)).chain(file).collect()
        }
        [Token::Mark(b'('), inner @ ..] => {
            let inner = &inner[..inner.len().min(MAX_NAME)];
            let end = inner.iter().position(|token| token.is_mark(b')'));
            let inner = &inner[..end.unwrap_or_default()];
            vec![
                file_of(inner)
                    .map(Scope::File)
                    .or_else(|| names_like(inner))
                    .unwrap_or(Scope::Any),
            ]
        }
        _ => vec![Scope::Any],
    }
}

/// The file whose path is put together from `.Template.BasePath` and texts; `None` where it is put together from
/// anything else.
fn file_of(tokens: &[Token<'_>]) -> Option<String> {
    let [function, parts @ ..] = tokens else {
        return None;
    };
    let mut texts = Vec::new();
    let mut is_base = Vec::new();
    for part in parts {
        match part {
            Token::Text(text) if !text.contains(&b'\\') => {
                texts.push(lossy(text));
                is_base.push(false);
            }
            Token::Word(word) if word.ends_with(b".Template.BasePath") => {
                texts.push("templates".to_owned());
                is_base.push(true);
            }
            Token::Word(_) | Token::Text(_) | Token::Mark(_) => return None,
        }
    }
    let path = match function.word()? {
        // Go puts no space beside a text.
        b"print" => texts.concat(),
        b"printf" => {
            let (format, values) = texts.split_first()?;
            let mut path = format.clone();
            for value in values {
                path = path.replacen("%s", value, 1);
            }
            path
        }
        _ => return None,
    };
    (is_base.contains(&true) && !path.contains('%')).then_some(path)
}

/// The named templates of which the name is put together from these tokens: `printf "app.%s.fullname" .role`.
fn names_like(tokens: &[Token<'_>]) -> Option<Scope> {
    let [Token::Word(b"printf"), Token::Text(format), ..] = tokens else {
        return None;
    };
    // A path may be that of a file.
    if format.iter().any(|byte| b"\\/".contains(byte)) {
        return None;
    }
    let format = lossy(format);
    let (start, rest) = format.split_once('%')?;
    let end = rest
        .rsplit('%')
        .next()
        .unwrap_or(rest)
        .strip_prefix(['d', 's', 'v'])?;
    (!start.is_empty() || !end.is_empty()).then(|| Scope::Like(start.to_owned(), end.to_owned()))
}

fn is_anew(word: &[u8]) -> bool {
    ANEW.contains(&word)
        || word.starts_with(b"now.")
        || RELEASE_FIELDS.iter().any(|field| word.ends_with(field))
}

fn has(tokens: &[Token<'_>], words: &[&[u8]]) -> bool {
    let mut found = tokens.iter().filter_map(|token| token.word());
    found.any(|word| words.contains(&word))
}

/// Whether the words of an action together render something else each time: fields of the release that are taken as a whole,
/// a date of no time, the keys of a map, which Go has in no order.
fn is_anew_together(tokens: &[Token<'_>]) -> bool {
    let is_whole_release = |token: &Token<'_>| {
        token
            .word()
            .is_some_and(|word| word == b"$" || word.ends_with(b".Release"))
    };
    let takes_whole = |token: &Token<'_>| token.word().is_some_and(|word| WHOLE_MAP.contains(&word));
    // `toYaml .Release`, or `.Release | toYaml`.
    let is_whole = tokens
        .windows(2)
        .any(|pair| takes_whole(&pair[0]) && is_whole_release(&pair[1]))
        || tokens
            .windows(3)
            .any(|tokens| is_whole_release(&tokens[0]) && tokens[1].is_mark(b'|') && takes_whole(&tokens[2]));
    let is_now = has(tokens, &DATES) && !has(tokens, &[b"toDate", b"mustToDate"]);
    let is_unordered =
        has(tokens, &[b"keys", b"values"]) && !has(tokens, &[b"sortAlpha", b"len", b"has", b"range"]);
    is_whole || is_now || is_unordered
}

/// Whether `tpl` renders what is put together in the same action from texts and values, so that nobody knows its calls.
fn renders_made_up_text(tokens: &[Token<'_>]) -> bool {
    let has_braces = |token: &Token<'_>| matches!(token, Token::Text(text) if has_actions(text));
    let is_made =
        has(tokens, &[b"printf", b"print", b"cat", b"replace", b"join"]) && tokens.iter().any(has_braces);
    has(tokens, &[b"tpl"]) && (is_made || has(tokens, &[b"b64dec"]))
}

/// Whether a template of a dependency is one of names, labels and the like, as the name says. Nearly every chart that has a
/// library calls those in every file, and no live object is read for them.
fn is_of_names(template: &str) -> bool {
    let word = template
        .rsplit('.')
        .next()
        .unwrap_or(template)
        .to_ascii_lowercase();
    let group = template.rsplit('.').nth(1).unwrap_or_default();
    ["fullname", "labels", "annotations"]
        .iter()
        .any(|ending| word.ends_with(ending))
        || [
            "name",
            "names",
            "namespace",
            "chart",
            "serviceaccountname",
            "version",
        ]
        .contains(&word.as_str())
        || ["names", "labels", "annotations", "capabilities"].contains(&group)
}

/// A quoted text without the backslashes in it.
fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            b'\\' => match bytes.next() {
                Some(b'n' | b'r' | b't') | None => b' ',
                Some(other) => other,
            },
            other => other,
        });
    }
    plain
}

/// What stands behind the first argument of a function, which may be in parentheses.
fn behind_first<'a, 't>(arguments: &'a [Token<'t>]) -> &'a [Token<'t>] {
    let mut depth = 0_usize;
    let end = arguments.iter().take(MAX_NAME).position(|token| {
        if token.is_mark(b'(') {
            depth += 1;
        } else if token.is_mark(b')') {
            depth = depth.saturating_sub(1);
        }
        depth == 0
    });
    end.map_or(&[], |end| &arguments[end + 1..])
}

/// Whether a setter's first argument is what all templates share.
fn is_shared(rest: &[Token<'_>]) -> bool {
    let map = rest.first().and_then(|token| token.word()).unwrap_or_default();
    map.starts_with(b".") || map.starts_with(b"$.") || map == b"$"
}

/// Whether Helm makes objects of what a file renders (Helm: `pkg/action/action.go`, `renderResources`; `pkg/engine`,
/// `render`).
fn is_rendered(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    !name.starts_with('_') && name != "NOTES.txt"
}

/// The blocks that are open at a place of a file.
struct Blocks {
    file: Scope,
    /// How many are open.
    open: usize,
    /// The named templates among them, each with how many blocks were open before it.
    named: Vec<(String, usize)>,
}

impl Blocks {
    const fn of(file: Scope) -> Self {
        Self {
            file,
            open: 0,
            named: Vec::new(),
        }
    }

    fn begin(&mut self, name: String) {
        self.named.push((name, self.open));
        self.open += 1;
    }

    fn end(&mut self) {
        self.open = self.open.saturating_sub(1);
        if self.named.last().is_some_and(|(_, before)| *before == self.open) {
            self.named.pop();
        }
    }

    /// What the place belongs to.
    fn scope(&self) -> Scope {
        match self.named.last() {
            Some((name, _)) => Scope::Named(name.clone()),
            None => self.file.clone(),
        }
    }
}

/// A name, cut to the length of the longest that a record may have.
fn lossy(name: &[u8]) -> String {
    String::from_utf8_lossy(&name[..name.len().min(MAX_WORD)]).into_owned()
}

#[cfg(test)]
mod tests;
