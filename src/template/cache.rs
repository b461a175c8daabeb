//! Texts that were read before. Evaluations of one release read the same ones again and again.

use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;
use serde_json::Value as Json;

use super::ast::{Defines, Node};

/// How many bytes of text are remembered.
const MAX_BYTES: usize = 2 << 20;

/// The same of regular expressions, which take up to a megabyte each: some twenty are remembered.
const MAX_EXPRESSION_BYTES: usize = 2 << 10;

/// A text that was read as a template: its content, and what it defines.
#[derive(Debug)]
pub(super) struct Template {
    pub(super) nodes: Rc<[Node]>,
    pub(super) defines: Defines,
}

/// What was read.
#[derive(Debug)]
pub(super) struct Cache {
    /// By the text; `None` for what is not of the language.
    pub(super) yaml: Texts<Option<Rc<Json>>>,
    /// By the text; `None` for what is not of the language.
    pub(super) json: Texts<Option<Rc<Json>>>,
    /// By the text.
    pub(super) templates: Texts<Rc<Template>>,
    /// By the text; `None` for what is none.
    pub(super) expressions: Texts<Option<Rc<Regex>>>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            yaml: Texts::with_room(MAX_BYTES),
            json: Texts::with_room(MAX_BYTES),
            templates: Texts::with_room(MAX_BYTES),
            expressions: Texts::with_room(MAX_EXPRESSION_BYTES),
        }
    }
}

/// Texts and what they are, up to so many bytes of them.
#[derive(Debug)]
pub(super) struct Texts<T> {
    read: HashMap<Box<str>, T>,
    room: usize,
}

impl<T: Clone> Texts<T> {
    fn with_room(room: usize) -> Self {
        Self {
            read: HashMap::new(),
            room,
        }
    }

    /// What a text is, if it was read.
    pub(super) fn get(&self, text: &str) -> Option<T> {
        self.read.get(text).cloned()
    }

    /// Remembers what a text is, if there is room.
    pub(super) fn insert(&mut self, text: &str, read: &T) {
        if let Some(room) = self.room.checked_sub(text.len() + 64) {
            self.room = room;
            self.read.insert(text.into(), read.clone());
        }
    }
}
