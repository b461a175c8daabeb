//! Lists that fit: which part of a long list goes into a message with a limit.
//!
//! A cut list always ends with how much it left out. Details give way before entries, since knowing which releases
//! drifted is worth more than knowing everything about some. The cuts are fair to namespaces: a thousand releases in
//! one namespace, which anybody who controls it can make, cannot push the others out of a message.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::words::count;

/// One list of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageList {
    /// The heading of the list.
    pub title: &'static str,
    /// The noun for what an entry is about, in the singular.
    pub noun: &'static str,
    pub(crate) entries: Vec<ListEntry>,
}

/// One line of a list, with the lines below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ListEntry {
    /// Whose turn it is when there is not room for all.
    pub(crate) namespace: String,
    /// How many releases, or whatever the list has, it is about.
    pub(crate) number: usize,
    /// The line itself.
    pub(crate) head: String,
    /// The lines below it, indented.
    pub(crate) details: Vec<DetailLine>,
}

/// One line below another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailLine {
    /// The least detail at which it shows.
    pub(crate) shown_from: DetailLevel,
    /// The line itself.
    pub(crate) text: String,
}

/// How much is said about each entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DetailLevel {
    /// Only that there is one.
    Heads,
    /// And its objects.
    Objects,
    /// And their fields.
    Fields,
}

/// The cost of one line of a budget.
#[derive(Debug, Clone, Copy)]
pub struct LineCost {
    /// The cost of a line's text.
    pub text: fn(&str) -> usize,
    /// The cost of each line besides its text.
    pub per_line: usize,
}

impl MessageList {
    /// How many releases, or whatever the list has, its entries are about.
    pub fn number(&self) -> usize {
        self.entries.iter().map(|entry| entry.number).sum()
    }

    /// Whether there is nothing to list.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The same list without details.
    #[must_use]
    pub fn without_details(&self) -> Self {
        let mut list = self.clone();
        list.entries.iter_mut().for_each(|entry| entry.details.clear());
        list
    }

    /// The list as lines that together cost at most `budget`.
    ///
    /// If not everything fits, first the fields and then the objects of all entries give way, then whole entries;
    /// each step says so in a last line. Empty if there is nothing to list, or no room even for that last line.
    pub fn lines(&self, budget: usize, cost: LineCost) -> Vec<String> {
        let price = |text: &str| (cost.text)(text) + cost.per_line;
        let all: BTreeSet<usize> = (0..self.entries.len()).collect();
        for detail in [DetailLevel::Fields, DetailLevel::Objects, DetailLevel::Heads] {
            let mut lines = self.render(&all, detail);
            lines.extend(self.left_out(detail));
            if lines.iter().map(|line| price(line)).sum::<usize>() <= budget {
                return lines;
            }
        }
        let Some(mut room) = budget.checked_sub(price(&self.more(self.number()))) else {
            return Vec::new();
        };
        let mut kept = BTreeSet::new();
        for index in self.fair_order() {
            // The shorter ones that would still fit are not preferred: which entries show is decided by turn.
            let Some(rest) = room.checked_sub(price(&self.entries[index].head)) else {
                break;
            };
            room = rest;
            kept.insert(index);
        }
        let mut lines = self.render(&kept, DetailLevel::Heads);
        lines.push(if kept.len() == self.entries.len() {
            // Shorter than any line that counts entries, for which there was room.
            "(details left out for length)".to_owned()
        } else {
            let named: usize = kept.iter().map(|index| self.entries[*index].number).sum();
            self.more(self.number() - named)
        });
        lines
    }

    fn render(&self, kept: &BTreeSet<usize>, detail: DetailLevel) -> Vec<String> {
        let entries = kept.iter().map(|index| &self.entries[*index]);
        entries
            .flat_map(|entry| {
                let details = entry
                    .details
                    .iter()
                    .filter(|line| line.shown_from <= detail)
                    .map(|line| &line.text);
                std::iter::once(&entry.head).chain(details).cloned()
            })
            .collect()
    }

    /// A line that counts the lines that a level of detail leaves out, if there are any.
    fn left_out(&self, detail: DetailLevel) -> Option<String> {
        let hidden = self
            .entries
            .iter()
            .flat_map(|entry| &entry.details)
            .filter(|line| line.shown_from > detail);
        match (hidden.count(), detail) {
            (0, _) | (_, DetailLevel::Fields) => None,
            (lines, DetailLevel::Objects) => {
                Some(format!("(fields left out for length: {})", count(lines, "line")))
            }
            (lines, DetailLevel::Heads) => Some(format!(
                "(objects and fields left out for length: {})",
                count(lines, "line")
            )),
        }
    }

    fn more(&self, left_out: usize) -> String {
        format!(
            "and {}, left out for length",
            count(left_out, &format!("more {}", self.noun))
        )
    }

    /// Every entry's index, the first of each namespace before the second of any.
    fn fair_order(&self) -> Vec<usize> {
        let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
        let mut order: Vec<(usize, usize)> = Vec::with_capacity(self.entries.len());
        for (index, entry) in self.entries.iter().enumerate() {
            let turn = turns.entry(&entry.namespace).or_default();
            order.push((*turn, index));
            *turn += 1;
        }
        order.sort_unstable();
        order.into_iter().map(|(_, index)| index).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BYTES: LineCost = LineCost {
        text: str::len,
        per_line: 1,
    };

    fn list(releases: &[(&str, &str, usize)]) -> MessageList {
        let entry = |&(namespace, name, objects): &(&str, &str, usize)| ListEntry {
            namespace: namespace.to_owned(),
            number: 1,
            head: format!("{namespace}/{name}"),
            details: (0..objects)
                .flat_map(|_| {
                    [
                        (DetailLevel::Objects, "  Deployment"),
                        (DetailLevel::Fields, "    changed /spec/replicas"),
                    ]
                    .map(|(shown_from, text)| DetailLine {
                        shown_from,
                        text: text.to_owned(),
                    })
                })
                .collect(),
        };
        MessageList {
            title: "Drifted",
            noun: "release",
            entries: releases.iter().map(entry).collect(),
        }
    }

    #[test]
    fn fields_give_way_before_objects_and_objects_before_releases() {
        let list = list(&[("a", "one", 1), ("b", "two", 1)]);
        let full = ["a/one", "  Deployment", "    changed /spec/replicas"];
        assert_eq!(list.lines(1_000, BYTES)[..3], full);
        assert_eq!(list.lines(1_000, BYTES).len(), 6);
        assert_eq!(
            list.lines(90, BYTES),
            [
                "a/one",
                "  Deployment",
                "b/two",
                "  Deployment",
                "(fields left out for length: 2 lines)"
            ]
        );
        assert_eq!(
            list.lines(70, BYTES),
            [
                "a/one",
                "b/two",
                "(objects and fields left out for length: 4 lines)"
            ]
        );
        assert_eq!(
            list.lines(50, BYTES),
            ["a/one", "and 1 more release, left out for length"]
        );
        assert_eq!(
            list.lines(43, BYTES),
            ["and 2 more releases, left out for length"]
        );
        assert_eq!(list.lines(10, BYTES), [""; 0]);
    }

    #[test]
    fn a_crowded_namespace_does_not_push_out_the_others() {
        let many: Vec<String> = (0..1_000).map(|number| format!("fake-{number:04}")).collect();
        let mut releases: Vec<_> = many.iter().map(|name| ("aaa", name.as_str(), 0)).collect();
        releases.extend([("shop", "api", 0), ("shop", "web", 0), ("zoo", "app", 0)]);
        let lines = list(&releases).lines(120, BYTES);
        assert_eq!(
            lines,
            [
                "aaa/fake-0000",
                "aaa/fake-0001",
                "aaa/fake-0002",
                "shop/api",
                "shop/web",
                "zoo/app",
                "and 997 more releases, left out for length"
            ]
        );
    }

    #[test]
    fn what_an_entry_is_about_is_counted_and_not_the_entry() {
        let mut list = list(&[
            ("a", "a-long-name", 0),
            ("b", "b-long-name", 0),
            ("c", "c-long-name", 0),
        ]);
        for entry in &mut list.entries {
            entry.head.push_str(", and more words");
        }
        list.entries[1].number = 30;
        assert_eq!(
            list.lines(80, BYTES),
            [
                "a/a-long-name, and more words",
                "and 31 more releases, left out for length"
            ]
        );
    }

    /// Was "and 0 more releases", which is longer than the room that was kept for "and 1 more release".
    #[test]
    fn details_without_room_for_their_number_are_left_out_in_few_words() {
        let list = list(&[("a", "x", 2)]);
        let room = "a/x\nand 1 more release, left out for length\n".len();
        assert_eq!(list.lines(room, BYTES), ["a/x", "(details left out for length)"]);
        assert_eq!(
            list.lines(room - 1, BYTES),
            ["and 1 more release, left out for length"]
        );
    }

    proptest! {
        #[test]
        fn the_budget_holds_and_nothing_goes_missing_silently(
            releases in proptest::collection::vec(("[a-c]", "[a-z]{1,20}", 0_usize..4), 0..40),
            budget in 0_usize..2_000,
        ) {
            let releases: Vec<_> = releases.iter().map(|(a, b, n)| (a.as_str(), b.as_str(), *n)).collect();
            let list = list(&releases);
            let lines = list.lines(budget, BYTES);
            prop_assert!(lines.iter().map(|line| line.len() + 1).sum::<usize>() <= budget);
            let heads = lines.iter().filter(|line| line.contains('/') && !line.starts_with(' ')).count();
            let last = lines.last().map_or("", String::as_str);
            prop_assert!(heads == list.entries.len() || last.starts_with("and ") || lines.is_empty());
            prop_assert!(!last.starts_with("and 0 "));
        }
    }
}
