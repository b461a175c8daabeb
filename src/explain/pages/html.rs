//! The page as one file of HTML: no script, nothing from elsewhere, and a policy that allows neither.

use std::io::{self, Write};

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::parts::{Block, Piece, Section};

/// The style of the page.
const STYLE: &str = include_str!("page.css");

#[derive(Template)]
#[template(path = "explain/pages/page.html")]
struct Page<'p> {
    groups: &'p [Section],
    style: &'static str,
    /// The only style that a browser may apply, as a policy names it.
    style_hash: String,
}

pub(super) fn write(groups: &[Section], out: &mut dyn Write) -> io::Result<()> {
    let page = Page {
        groups,
        style: STYLE,
        style_hash: source(STYLE),
    };
    page.write_into(&mut *out).map_err(io::Error::other)?;
    writeln!(out)
}

/// An inline style or script of this text, as a content security policy names it.
pub(crate) fn source(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}
