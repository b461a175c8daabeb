//! The codes of a report, as links to where they are explained.

use crate::explain::Group;
use crate::explain::pages::anchor;
use crate::report::links::CodesUrl;
use crate::vocabulary::{FindingCode, HealthCode, ObjectState};

/// How the codes are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codes<'a> {
    /// The page that explains them; `None` where they are no links.
    pub(super) page: Option<&'a CodesUrl>,
}

impl Codes<'_> {
    /// The code of a finding.
    pub(super) fn finding(self, code: FindingCode) -> String {
        self.link(Group::Finding, code.as_str(), &format!("`{code}`"))
    }

    /// The code of a health entry.
    pub(super) fn health(self, code: HealthCode) -> String {
        self.link(Group::Health, code.as_str(), &format!("`{code}`"))
    }

    /// The state of an object.
    pub(super) fn state(self, state: ObjectState) -> String {
        self.link(Group::State, state.as_str(), &format!("**{state}**"))
    }

    fn link(self, group: Group, code: &str, shown: &str) -> String {
        let Some(page) = self.page else {
            return shown.to_owned();
        };
        // Such an address has no brackets, blanks or quotes, but it may have what looks like an entity.
        let address = page.of(&anchor(group, code)).replace('&', "&amp;");
        format!("[{shown}]({address})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_links_to_its_anchor() {
        let page: CodesUrl = "https://docs.example.com/codes?a=1&copy;=2".parse().unwrap();
        let codes = Codes { page: Some(&page) };
        assert_eq!(
            codes.finding(FindingCode::NotApplied),
            "[`not-applied`](https://docs.example.com/codes?a=1&amp;copy;=2#finding-not-applied)"
        );
        assert_eq!(
            codes.state(ObjectState::Missing),
            "[**missing**](https://docs.example.com/codes?a=1&amp;copy;=2#state-missing)"
        );
        assert_eq!(Codes { page: None }.health(HealthCode::Stuck), "`stuck`");
    }
}
