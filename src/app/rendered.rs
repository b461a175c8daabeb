//! Manifests that Helm rendered, read from a file or from standard input.

use std::io;
use std::path::Path;

use anyhow::Context as _;

use crate::limited_file;
use crate::manifest::rendered::Rendered;

/// How long rendered manifests may be: about ten times the longest manifest that is known.
const MAX_RENDERED: u64 = 64 << 20;

/// The rendered manifests in a file, or on standard input.
pub(super) fn rendered(path: &Path) -> anyhow::Result<Rendered> {
    let is_piped = path == Path::new("-");
    let (name, text) = if is_piped {
        let text = limited_file::read_text_from(io::stdin(), MAX_RENDERED);
        ("standard input".to_owned(), text)
    } else {
        if let Some(chart) = chart(path) {
            anyhow::bail!("{} is {chart}; {RENDER_FIRST}", path.display());
        }
        let text = limited_file::read_text(path, MAX_RENDERED);
        (path.display().to_string(), text)
    };
    let text = text.with_context(|| format!("the manifests cannot be read from {name}"))?;
    if text.trim().is_empty() {
        if is_piped {
            anyhow::bail!("standard input is empty: did the command before the pipe fail?");
        }
        anyhow::bail!("the file {name} is empty: did the command that wrote it fail?");
    }
    Rendered::parse(&text).with_context(|| format!("the manifests in {name} cannot be used"))
}

/// What to do with a chart.
const RENDER_FIRST: &str =
    "render it first, and give what `helm template RELEASE CHART -n NAMESPACE -f VALUES` prints";

/// What a path leads to, if it is a chart and no rendered manifests.
fn chart(path: &Path) -> Option<&'static str> {
    if path.is_dir() {
        return Some("a folder, such as a chart is, and no file of manifests");
    }
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let is_archive = [".tgz", ".tar.gz", ".tar"].iter().any(|end| name.ends_with(end));
    is_archive.then_some("an archive, such as a chart is packed into, and no file of manifests")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(path: &Path) -> String {
        format!("{:#}", rendered(path).unwrap_err())
    }

    /// Whoever gives a chart has not rendered it, and an empty file is what a failed command leaves.
    #[test]
    fn a_chart_is_no_file_of_manifests() {
        let folder = tempfile::tempdir().unwrap();
        let said = refusal(folder.path());
        assert!(
            said.contains("is a folder") && said.contains("helm template RELEASE CHART"),
            "{said}"
        );
        let archive = folder.path().join("web-0.1.0.tgz");
        std::fs::write(&archive, b"\x1f\x8b").unwrap();
        let said = refusal(&archive);
        assert!(
            said.contains("is an archive") && said.contains("render it first"),
            "{said}"
        );
        let empty = folder.path().join("rendered.yaml");
        std::fs::write(&empty, "\n").unwrap();
        let said = refusal(&empty);
        assert!(
            said.ends_with("is empty: did the command that wrote it fail?"),
            "{said}"
        );
    }
}
