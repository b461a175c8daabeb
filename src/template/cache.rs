//! Texts that were read before. Evaluations of one release read the same ones again and again.

use std::collections::HashMap;
use std::rc::Rc;

use regex::Regex;
use serde_json::Value as Json;

use super::ast::{Defines, Node};

/// How many bytes of templates are remembered.
const MAX_TEMPLATES: usize = 2 << 20;

/// How many bytes of other texts are remembered, with what they are.
const MAX_VALUES: usize = 8 << 20;

/// How many bytes of regular expressions are remembered.
const MAX_REGEXES: usize = 4 << 20;

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
    /// By the text.
    pub(super) regexes: Texts<Regex>,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            yaml: Texts::with_room(MAX_VALUES),
            json: Texts::with_room(MAX_VALUES),
            templates: Texts::with_room(MAX_TEMPLATES),
            regexes: Texts::with_room(MAX_REGEXES),
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

    /// Remembers what a text is, if there is room for that and what it weighs.
    pub(super) fn insert(&mut self, text: &str, weight: usize, read: &T) {
        let bytes = text.len().saturating_add(weight).saturating_add(64);
        if let Some(room) = self.room.checked_sub(bytes) {
            self.room = room;
            self.read.insert(text.into(), read.clone());
        }
    }
}
