//! The live object, parsed once for comparison, attribution and health.

use crate::compare::managed_fields::Live;
use crate::source::Lookup;

/// The outcome of reading an object.
#[derive(Debug)]
pub enum LiveObject<'a> {
    /// The object exists.
    Found(Live<'a>),
    /// The API server says that it does not exist.
    NotFound,
    /// It is not known whether the object exists, or what is in it, for this reason.
    Unreadable(String),
}

impl<'a> LiveObject<'a> {
    /// Parses what the source answered.
    pub fn parse(lookup: &Lookup<'a>) -> Self {
        match *lookup {
            Lookup::Found(json) => match Live::parse(json) {
                Ok(live) => Self::Found(live),
                Err(error) => Self::Unreadable(format!("it cannot be read: {error}")),
            },
            Lookup::NotFound => Self::NotFound,
            Lookup::Unreadable(error) => Self::Unreadable(error.to_string()),
        }
    }

    /// Whether the object is being deleted.
    pub fn is_being_deleted(&self) -> bool {
        match self {
            Self::Found(live) => live.object["metadata"]["deletionTimestamp"].is_string(),
            Self::NotFound | Self::Unreadable(_) => false,
        }
    }
}
