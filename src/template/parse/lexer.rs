//! The words of a template, as `text/template/parse/lex.go` finds them.

use super::super::work::{Fault, Work};
use super::failed;
use super::letters::{is_digit, is_letter};

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word {
    /// Text between actions.
    Text,
    /// `{{`
    Open,
    /// `}}`
    Close,
    /// White space in an action.
    Space,
    /// `true` or `false`.
    Bool,
    /// A character that means nothing here, such as a comma.
    Mark,
    /// A character in quotes.
    Character,
    /// A number with an imaginary part that is added.
    Complex,
    /// `=`
    Assign,
    /// `:=`
    Declare,
    /// A name after a dot.
    Field,
    /// The name of a function.
    Identifier,
    /// `(`
    OpenParen,
    /// `)`
    CloseParen,
    /// A number.
    Number,
    /// `|`
    Pipe,
    /// A text in back quotes.
    RawString,
    /// A text in quotes.
    String,
    /// A name after `$`, or `$`.
    Variable,
    /// `block`
    Block,
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `.`
    Dot,
    /// `define`
    Define,
    /// `else`
    Else,
    /// `end`
    End,
    /// `if`
    If,
    /// `nil`
    Nil,
    /// `range`
    Range,
    /// `template`
    Template,
    /// `with`
    With,
    /// The end of the file.
    Eof,
}

/// A word with its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    /// What it is.
    pub(super) word: Word,
    /// Its characters.
    pub(super) text: &'a str,
    /// The line that it begins in, counted from one.
    pub(super) line: usize,
}

/// How many words a template has at most, which all are held while it is read. The largest known one has a tenth of them.
const MAX_WORDS: usize = 200_000;

/// The white space that `{{-` and `-}}` trim.
const SPACES: [char; 4] = [' ', '\t', '\r', '\n'];

/// The words of a template, with the end of the file as the last. Comments are left out.
pub(super) fn words<'a>(text: &'a str, work: &mut Work) -> Result<Vec<Token<'a>>, Fault> {
    let mut lexer = Lexer {
        rest: text,
        line: 1,
        tokens: Vec::new(),
    };
    while !lexer.rest.is_empty() {
        work.step()?;
        lexer.text();
        if !lexer.rest.is_empty() {
            lexer.action(work)?;
        }
    }
    lexer.push(Word::Eof, "");
    Ok(lexer.tokens)
}

/// What is left of a text.
struct Lexer<'a> {
    rest: &'a str,
    line: usize,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    /// Goes on by as many bytes.
    fn skip(&mut self, len: usize) -> &'a str {
        let (skipped, rest) = self.rest.split_at_checked(len).unwrap_or((self.rest, ""));
        self.line += skipped.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        skipped
    }

    fn push(&mut self, word: Word, text: &'a str) {
        self.tokens.push(Token {
            word,
            text,
            line: self.line,
        });
    }

    /// Takes a word of as many bytes.
    fn take(&mut self, word: Word, len: usize) {
        let line = self.line;
        let text = self.skip(len);
        self.tokens.push(Token { word, text, line });
    }

    /// Takes the text before the next action.
    fn text(&mut self) {
        let Some(len) = self.rest.find("{{") else {
            self.take(Word::Text, self.rest.len());
            return;
        };
        let text = self.rest.get(..len).unwrap_or_default();
        let kept = if self.rest.get(len + 2..).is_some_and(starts_with_trim) {
            text.trim_end_matches(SPACES).len()
        } else {
            len
        };
        if kept > 0 {
            self.take(Word::Text, kept);
        }
        self.skip(len - kept);
    }

    /// Takes an action with its braces, or skips a comment.
    fn action(&mut self, work: &mut Work) -> Result<(), Fault> {
        let trim = if self.rest.get(2..).is_some_and(starts_with_trim) {
            2
        } else {
            0
        };
        if self
            .rest
            .get(2 + trim..)
            .is_some_and(|rest| rest.starts_with("/*"))
        {
            return self.comment(2 + trim);
        }
        self.take(Word::Open, 2);
        self.skip(trim);
        let mut parens = 0_usize;
        loop {
            work.step()?;
            if self.tokens.len() > MAX_WORDS {
                return Err(Fault::TooMuch("200,000 words in a template"));
            }
            if let Some(close) = close(self.rest) {
                if parens > 0 {
                    return Err(failed("a parenthesis is left open", self.line));
                }
                self.close(close);
                return Ok(());
            }
            match self.rest.chars().next() {
                None => return Err(failed("an action is left open", self.line)),
                Some(first) if SPACES.contains(&first) => self.space(),
                Some('(') => {
                    parens += 1;
                    self.take(Word::OpenParen, 1);
                }
                Some(')') => {
                    parens = parens
                        .checked_sub(1)
                        .ok_or_else(|| failed("a parenthesis closes nothing", self.line))?;
                    self.take(Word::CloseParen, 1);
                }
                Some(first) => self.word(first)?,
            }
        }
    }

    /// Skips a comment whose `/*` stands after as many bytes.
    fn comment(&mut self, start: usize) -> Result<(), Fault> {
        let line = self.line;
        self.skip(start + 2);
        let len = self
            .rest
            .find("*/")
            .ok_or_else(|| failed("a comment is left open", line))?;
        self.skip(len + 2);
        let close = close(self.rest).ok_or_else(|| failed("a comment does not end its action", line))?;
        self.skip_close(close);
        Ok(())
    }

    /// Takes `}}`, and what `-}}` trims.
    fn close(&mut self, close: Close) {
        if close == Close::Trimming {
            self.skip(2);
        }
        self.take(Word::Close, 2);
        if close == Close::Trimming {
            self.trim();
        }
    }

    fn skip_close(&mut self, close: Close) {
        match close {
            Close::Plain => {
                self.skip(2);
            }
            Close::Trimming => {
                self.skip(4);
                self.trim();
            }
        }
    }

    fn trim(&mut self) {
        let trimmed = self.rest.len() - self.rest.trim_start_matches(SPACES).len();
        self.skip(trimmed);
    }

    /// Takes white space, but for the last before `-}}`, which belongs to that.
    fn space(&mut self) {
        let len = self.rest.len() - self.rest.trim_start_matches(SPACES).len();
        let last = len - 1;
        let kept = match self.rest.get(last..).and_then(close) {
            Some(_) => last,
            None => len,
        };
        if kept > 0 {
            self.take(Word::Space, kept);
        }
    }

    /// Takes a word that is neither white space nor a parenthesis.
    fn word(&mut self, first: char) -> Result<(), Fault> {
        let after = self.rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            '=' => self.take(Word::Assign, 1),
            ':' if after.starts_with('=') => self.take(Word::Declare, 2),
            ':' => return Err(failed("a colon stands alone", self.line)),
            '|' => self.take(Word::Pipe, 1),
            '"' => return self.quoted('"', Word::String),
            '\'' => return self.quoted('\'', Word::Character),
            '`' => {
                let len = after
                    .find('`')
                    .ok_or_else(|| failed("a text in back quotes is left open", self.line))?;
                self.take(Word::RawString, len + 2);
            }
            '$' => return self.name(Word::Variable),
            '.' if !after.starts_with(|next: char| next.is_ascii_digit()) && !after.is_empty() => {
                return self.name(Word::Field);
            }
            '.' | '+' | '-' | '0'..='9' => return self.number(),
            first if is_alphanumeric(first) => return self.identifier(),
            ' '..='~' => self.take(Word::Mark, 1),
            _ => return Err(failed("a character that no action may hold", self.line)),
        }
        Ok(())
    }

    /// Takes a word in quotes, with its escapes as they are.
    fn quoted(&mut self, quote: char, word: Word) -> Result<(), Fault> {
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.take(word, at + 1);
                return Ok(());
            }
            let is_broken = match character {
                '\\' => characters.next().is_none_or(|(_, next)| next == '\n'),
                character => character == '\n',
            };
            if is_broken {
                break;
            }
        }
        Err(failed("a text in quotes is left open", self.line))
    }

    /// Takes a field or a variable, whose first character is a mark.
    fn name(&mut self, word: Word) -> Result<(), Fault> {
        let len = 1 + name_len(self.rest.get(1..).unwrap_or_default());
        // A mark alone must end here, too: `.` before `}}` or white space.
        self.must_end(len)?;
        let word = if word == Word::Field && len == 1 {
            Word::Dot
        } else {
            word
        };
        self.take(word, len);
        Ok(())
    }

    /// Takes a keyword, a truth value or the name of a function.
    fn identifier(&mut self) -> Result<(), Fault> {
        let len = name_len(self.rest);
        self.must_end(len)?;
        let word = match self.rest.get(..len).unwrap_or_default() {
            "block" => Word::Block,
            "break" => Word::Break,
            "continue" => Word::Continue,
            "define" => Word::Define,
            "else" => Word::Else,
            "end" => Word::End,
            "if" => Word::If,
            "nil" => Word::Nil,
            "range" => Word::Range,
            "template" => Word::Template,
            "with" => Word::With,
            "true" | "false" => Word::Bool,
            _ => Word::Identifier,
        };
        self.take(word, len);
        Ok(())
    }

    /// Whether a name of as many bytes is followed by something that may follow a name.
    fn must_end(&self, len: usize) -> Result<(), Fault> {
        let rest = self.rest.get(len..).unwrap_or_default();
        let ends = rest.starts_with("}}")
            || rest.chars().next().is_none_or(|next| {
                SPACES.contains(&next) || matches!(next, '.' | ',' | '|' | ':' | ')' | '(')
            });
        if ends {
            Ok(())
        } else {
            Err(failed(
                "a name holds a character that no name may hold",
                self.line,
            ))
        }
    }

    /// Takes a number, which may still be none.
    fn number(&mut self) -> Result<(), Fault> {
        let bad = || failed("what begins as a number is none", self.line);
        let len = number_len(self.rest).ok_or_else(bad)?;
        let rest = self.rest.get(len..).unwrap_or_default();
        if !rest.starts_with(['+', '-']) {
            self.take(Word::Number, len);
            return Ok(());
        }
        let imaginary = number_len(rest).ok_or_else(bad)?;
        if !rest.get(..imaginary).is_some_and(|part| part.ends_with('i')) {
            return Err(bad());
        }
        self.take(Word::Complex, len + imaginary);
        Ok(())
    }
}

/// How an action ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Close {
    /// With `}}`.
    Plain,
    /// With ` -}}`.
    Trimming,
}

/// Whether a text begins with the end of an action.
fn close(rest: &str) -> Option<Close> {
    if rest.starts_with("}}") {
        return Some(Close::Plain);
    }
    let trimming = rest.starts_with(SPACES) && rest.get(1..).is_some_and(|rest| rest.starts_with("-}}"));
    trimming.then_some(Close::Trimming)
}

/// Whether what follows `{{` trims the text before it.
fn starts_with_trim(rest: &str) -> bool {
    rest.strip_prefix('-')
        .is_some_and(|rest| rest.starts_with(SPACES))
}

/// The bytes of letters, digits and underscores at the beginning.
fn name_len(rest: &str) -> usize {
    rest.find(|next| !is_alphanumeric(next)).unwrap_or(rest.len())
}

/// Go's letters and digits, and the underscore.
fn is_alphanumeric(character: char) -> bool {
    character == '_' || is_letter(character) || is_digit(character)
}

/// The bytes of what looks like a number; `None` where a letter follows.
fn number_len(text: &str) -> Option<usize> {
    let mut rest = text;
    let accept = |rest: &mut &str, set: &str| {
        let found = rest.starts_with(|next| set.contains(next));
        if found {
            *rest = rest.get(1..).unwrap_or_default();
        }
        found
    };
    let decimal = "0123456789_";
    let hex = "0123456789abcdefABCDEF_";
    accept(&mut rest, "+-");
    let mut digits = decimal;
    if accept(&mut rest, "0") {
        if accept(&mut rest, "xX") {
            digits = hex;
        } else if accept(&mut rest, "oO") {
            digits = "01234567_";
        } else if accept(&mut rest, "bB") {
            digits = "01_";
        }
    }
    let run = |rest: &mut &str, digits: &str| *rest = rest.trim_start_matches(|next| digits.contains(next));
    run(&mut rest, digits);
    if accept(&mut rest, ".") {
        run(&mut rest, digits);
    }
    let exponent = match digits {
        _ if digits == decimal => "eE",
        _ if digits == hex => "pP",
        _ => "",
    };
    if accept(&mut rest, exponent) {
        accept(&mut rest, "+-");
        run(&mut rest, decimal);
    }
    accept(&mut rest, "i");
    (!rest.starts_with(is_alphanumeric)).then_some(text.len() - rest.len())
}
