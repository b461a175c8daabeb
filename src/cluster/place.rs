//! Places in a list that is read page by page.

use crate::source::NamespaceRange;

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

impl ListEnd {
    /// Whether a list that was read to this end, from the beginning of a range on, has every object of a namespace.
    pub(super) fn has_whole(self, range: &NamespaceRange, namespace: &str) -> bool {
        match self {
            Self::Whole | Self::Beyond => range.has(namespace),
            Self::Early => false,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_whole_where_its_range_was_read_to_the_end() {
        let range = NamespaceRange {
            from: "pay".to_owned(),
            until: Some("shop".to_owned()),
        };
        for (namespace, end, expected) in [
            ("pay", ListEnd::Beyond, true),
            ("shop", ListEnd::Whole, true),
            ("shop", ListEnd::Early, false),
            ("a", ListEnd::Whole, false),
            ("web", ListEnd::Beyond, false),
        ] {
            assert_eq!(end.has_whole(&range, namespace), expected, "{namespace} {end:?}");
        }
    }
}
