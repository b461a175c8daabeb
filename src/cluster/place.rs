//! Places in a list that is read page by page.

/// What a page says of those after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageEnd {
    /// The version of the list.
    pub(super) version: String,
    /// How many items follow.
    pub(super) remaining: Option<u64>,
}

/// How a list ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListEnd {
    /// Every item to the end of the list was taken in.
    Whole,
    /// Every item to the first one was taken in that is beyond what the reader wants.
    Beyond,
    /// There may be more.
    Early,
}

/// A page to read a list on from.
#[derive(Debug, Clone)]
pub(super) struct PagePlace {
    /// `None` for the first page.
    pub(super) token: Option<String>,
    /// What the page before said.
    pub(super) before: Option<PageEnd>,
    /// How many items come before it.
    pub(super) items: usize,
}

impl PagePlace {
    /// The first page of any list.
    pub(super) const FIRST: Self = Self {
        token: None,
        before: None,
        items: 0,
    };
}
