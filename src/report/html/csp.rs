//! The content security policy of the page: nothing runs and nothing is loaded but the one style and the one script that
//! the program brought along.
//!
//! Whatever text from a cluster were to slip through as markup, it could neither run nor reach the network. The page has no
//! other style and no other script, and no style attributes, which no hash would cover.

use crate::explain::pages::html::source;

/// The style of the page.
pub(super) const STYLE: &str = include_str!("style.css");

/// The script of the page. Without it the page is as complete, but nothing filters or copies.
pub(super) const SCRIPT: &str = include_str!("script.js");

/// The policy that allows exactly this style and this script.
pub(super) fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'; form-action 'none'",
        source(style),
        source(script)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_names_the_hash_of_each_element() {
        // printf '' | openssl dgst -sha256 -binary | base64
        let empty = "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(
            policy("", ""),
            format!(
                "default-src 'none'; style-src '{empty}'; script-src '{empty}'; base-uri 'none'; form-action 'none'"
            )
        );
    }

    /// Inside of these elements nothing is escaped.
    #[test]
    fn neither_element_ends_before_its_end() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--") && !text.contains('\r'));
        }
    }
}
