//! Commands that people paste into a shell.
//!
//! Everybody who may write to a namespace chooses texts that end up in an advised command: names of objects, the version
//! of a chart. An operator pastes the command, so a text that the shell reads as more than one word, or that a tool reads as
//! an option, runs as the operator. Three rules keep that from happening, and the types of this room leave no way around
//! them:
//!
//! - A command is made of words. Redirections, pipes and variables are structure and not text, and every word is quoted
//!   where it is written, by the crate `shlex`.
//! - A text from outside becomes a word only through the rule that Kubernetes or Helm has for it ([`Word`], [`ObjectName`],
//!   [`FileName`]). A text that breaks its rule makes no command at all: there is a [`Refusal`] to tell in its place.
//! - No such word begins with `-`, so that none is an option. The name of an object may: [`Command::object`] then writes it
//!   behind its kind, as one word.
//!
//! The quoting is that of POSIX shells: sh, bash and zsh.

mod cluster_flags;
mod line;
mod word;

pub use self::cluster_flags::ClusterFlags;
pub use self::line::on_cluster;
pub use self::word::{FileName, ObjectName, Refusal, Word};

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde_json::Value;

/// One command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    variable: Option<(&'static str, &'static str)>,
    words: Vec<String>,
    end: End,
}

/// Where the output of a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum End {
    /// To the terminal.
    Terminal,
    /// Into a file.
    File(FileName),
    /// Into another command.
    Pipe(Box<Command>),
}

impl Command {
    /// A program with the first of its words.
    pub fn new(program: &'static str, words: &[&'static str]) -> Self {
        let command = Self {
            variable: None,
            words: vec![program.to_owned()],
            end: End::Terminal,
        };
        command.literal(words)
    }

    /// A `helm` command about a release whose records are in this kind of object, as reports name it. Helm looks into Secrets by
    /// default.
    pub fn helm(words: &[&'static str], driver: &str) -> Self {
        let command = Self::new("helm", words);
        match driver {
            "configmap" => command.with_variable("HELM_DRIVER", "configmap"),
            _ => command,
        }
    }

    /// Sets an environment variable for the command.
    #[must_use]
    pub const fn with_variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variable = Some((name, value));
        self
    }

    /// Adds words of driftline's own.
    #[must_use]
    pub fn literal(mut self, words: &[&'static str]) -> Self {
        self.words.extend(words.iter().copied().map(str::to_owned));
        self
    }

    /// Adds a word.
    #[must_use]
    pub fn word(mut self, word: &Word) -> Self {
        self.words.push(word.as_str().to_owned());
        self
    }

    /// Adds a word after a beginning of driftline's own: `owner=helm,name=` and a name.
    #[must_use]
    pub fn joined(mut self, before: &'static str, word: &Word) -> Self {
        self.words.push(format!("{before}{}", word.as_str()));
        self
    }

    /// Adds the kind and the name of an object, as kubectl takes them. A name that would be an option is written with its
    /// kind as one word (kubectl: `pkg/resource/builder.go` of cli-runtime, `splitResourceTypeName`).
    #[must_use]
    pub fn object(mut self, kind: &Word, name: &ObjectName) -> Self {
        if name.as_str().starts_with('-') {
            self.words.push(format!("{}/{}", kind.as_str(), name.as_str()));
            self
        } else {
            self.words.push(kind.as_str().to_owned());
            self.words.push(name.as_str().to_owned());
            self
        }
    }

    /// Adds the name of a file to read.
    #[must_use]
    pub fn from_file(mut self, file: &FileName) -> Self {
        self.words.push(file.as_str().to_owned());
        self
    }

    /// Writes the output into a file.
    #[must_use]
    pub fn into_file(mut self, file: FileName) -> Self {
        self.end = End::File(file);
        self
    }

    /// Names the cluster, in the way of each program of the line.
    pub fn on(mut self, cluster: &ClusterFlags) -> Result<Self, Refusal> {
        let program = self.words.first().map_or("", String::as_str);
        let flags = cluster.of_program(program)?;
        self.words.extend(flags);
        if let End::Pipe(next) = self.end {
            self.end = End::Pipe(Box::new(next.on(cluster)?));
        }
        Ok(self)
    }

    /// Hands the output to another command.
    #[must_use]
    pub fn pipe(mut self, next: Self) -> Self {
        self.end = End::Pipe(Box::new(next));
        self
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((name, value)) = self.variable {
            write!(f, "{name}={} ", quoted(value)?)?;
        }
        for (position, word) in self.words.iter().enumerate() {
            let blank = if position > 0 { " " } else { "" };
            write!(f, "{blank}{}", quoted(word)?)?;
        }
        match &self.end {
            End::Terminal => Ok(()),
            End::File(file) => write!(f, " > {}", quoted(file.as_str())?),
            End::Pipe(next) => write!(f, " | {next}"),
        }
    }
}

/// The argument of Helm that sets a key of the values to a value, as it is pasted: `--set-json 'key="value"'`.
///
/// # Errors
///
/// The key has other characters than printable ASCII. In the value, JSON has escapes for all others.
pub fn set_json(key: &str, value: &Value) -> Result<String, Refusal> {
    let is_printable = key.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if key.is_empty() || key.starts_with('-') || !is_printable {
        return Err(Refusal::ValuesKey);
    }
    let mut word = format!("{key}=");
    for character in value.to_string().chars() {
        match character {
            ' '..='~' => word.push(character),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a text does not fail.
                    let _ = write!(word, "\\u{unit:04x}");
                }
            }
        }
    }
    let word = shlex::try_quote(&word).map_err(|_| Refusal::ValuesKey)?;
    Ok(format!("--set-json {word}"))
}

/// A word as a shell has to read it.
///
/// `shlex` also quotes `=` and `,`, which mean something only at the beginning of a word (zsh) and within braces. Between
/// other characters they stay bare, and only the parts around them are quoted, so that an ordinary option stays legible.
/// The only error is that of a NUL, which no word of this room can hold.
fn quoted(word: &str) -> Result<Cow<'_, str>, fmt::Error> {
    let quote = |text| shlex::try_quote(text).map_err(|_| fmt::Error);
    // A JSON text stays legible as a whole.
    if word.is_empty() || word.starts_with(['=', '[', '{']) {
        return quote(word);
    }
    let mut line = String::new();
    for part in word.split_inclusive(['=', ',']) {
        let text = part.trim_end_matches(['=', ',']);
        if !text.is_empty() {
            line.push_str(&quote(text)?);
        }
        line.push_str(&part[text.len()..]);
    }
    Ok(Cow::Owned(line))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_words_stay_as_they_are() {
        for word in [
            "web",
            "--sort-by=.lastTimestamp",
            "owner=helm,name=web",
            "helm.sh/resource-policy=keep",
            "--for=condition=complete",
            "system:node",
            "1.0.0+build",
            "role-system:x.yaml",
        ] {
            assert_eq!(quoted(word).unwrap(), word);
        }
    }

    #[test]
    fn what_a_shell_would_read_as_more_is_quoted() {
        for (word, line) in [
            ("", "''"),
            ("<chart web>", "'<chart web>'"),
            (
                "--for=jsonpath={.status.phase}=Succeeded",
                "--for=jsonpath='{.status.phase}'=Succeeded",
            ),
            ("{a,b}", "'{a,b}'"),
            ("x{a,b}", "'x{a','b}'"),
            ("=ls", "'=ls'"),
            ("a==b", "a==b"),
            ("~root", "'~root'"),
            ("x;touch ${HOME}y;#", "'x;touch ${HOME}y;#'"),
        ] {
            assert_eq!(quoted(word).unwrap(), line);
        }
    }

    #[test]
    fn a_name_that_would_be_an_option_has_its_kind_in_front() {
        let kind = Word::resource("rbac.authorization.k8s.io/v1", "Role").unwrap();
        let line = |name: &str| {
            let name = ObjectName::new("rbac.authorization.k8s.io", name).unwrap();
            Command::new("kubectl", &["delete"])
                .object(&kind, &name)
                .to_string()
        };
        assert_eq!(
            line("reader"),
            "kubectl delete role.rbac.authorization.k8s.io reader"
        );
        assert_eq!(
            line("--all"),
            "kubectl delete role.rbac.authorization.k8s.io/--all"
        );
    }

    #[test]
    fn structure_is_no_word() {
        let name = Word::release("web").unwrap();
        let file = FileName::new(">x|y.yaml".to_owned()).unwrap();
        let command = Command::new("helm", &["get", "values"])
            .with_variable("HELM_DRIVER", "configmap")
            .word(&name)
            .into_file(file);
        assert_eq!(
            command.to_string(),
            "HELM_DRIVER=configmap helm get values web > '>x|y.yaml'"
        );
        let piped = Command::new("helm", &["show"]).pipe(Command::new("kubectl", &["diff", "-f", "-"]));
        assert_eq!(piped.to_string(), "helm show | kubectl diff -f -");
    }

    proptest! {
        /// `shlex` reads as a POSIX shell does; the tests of whole reports ask the shells themselves.
        #[test]
        fn a_quoted_word_reads_back_as_itself(word in "[ -~]{1,24}") {
            let line = quoted(&word).unwrap();
            prop_assert_eq!(shlex::split(&line), Some(vec![word]));
        }
    }
}
