//! The folder of `--source-root`: which charts and templates a repository has.
//!
//! Symbolic links are not followed, no file but the descriptions of charts is opened, and of a huge repository only a part
//! is looked at, which the reports say.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::environment;
use super::output::Output;
use crate::limited_file;
use crate::model::Report;
use crate::report::sources::{CHART_FILE, Sources};

/// How deep charts are looked for.
const DEPTH: usize = 16;
/// How many files and folders are looked at.
const ENTRIES: usize = 200_000;
/// How large the description of a chart is at most.
const CHART_BYTES: u64 = 1 << 20;
/// Folders that hold no charts of the repository's own, and many files.
const PASSED_OVER: [&str; 2] = ["node_modules", "target"];

/// Why a path is none of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoFolder {
    /// There is nothing of this name.
    #[error("there is no such folder")]
    Missing,
    /// It is something else.
    #[error("that is no folder")]
    Other,
    /// It cannot be looked at.
    #[error("the folder cannot be read: {0}")]
    Unreadable(ErrorKind),
}

/// The folder of a path, as typed.
pub(crate) fn folder(typed: OsString) -> Result<PathBuf, NoFolder> {
    let path = environment::path(typed);
    match fs::metadata(&path) {
        Ok(found) if found.is_dir() => Ok(path),
        Ok(_) => Err(NoFolder::Other),
        Err(error) if error.kind() == ErrorKind::NotFound => Err(NoFolder::Missing),
        Err(error) => Err(NoFolder::Unreadable(error.kind())),
    }
}

/// Looks below a folder for the charts of a report, and logs what its readers should know; `None` where no output has places.
pub(crate) fn of_report(root: &Path, report: &Report, outputs: &[Output]) -> Option<Sources> {
    if !outputs.iter().any(|output| output.format.has_places()) {
        return None;
    }
    let sources = below(root);
    for remark in sources.remarks(&report.releases) {
        tracing::warn!("{remark}");
    }
    Some(sources)
}

/// A folder that is still to be looked into.
struct Folder {
    place: PathBuf,
    /// Its path below the root, with `/`; empty for the root.
    path: String,
    depth: usize,
}

/// Looks for the charts and templates below a folder.
pub(crate) fn below(root: &Path) -> Sources {
    let mut sources = Sources::default();
    let mut todo = vec![Folder {
        place: root.to_owned(),
        path: String::new(),
        depth: 0,
    }];
    let mut looked_at = 0;
    while let Some(folder) = todo.pop() {
        let Ok(entries) = fs::read_dir(&folder.place) else {
            sources.miss();
            continue;
        };
        let mut below = Vec::new();
        for entry in entries {
            looked_at += 1;
            if looked_at > ENTRIES {
                sources.cut();
                return sources;
            }
            let Ok(entry) = entry else { continue };
            // Of a symbolic link, this is the link's own type.
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
                continue;
            };
            let path = if folder.path.is_empty() {
                name.clone()
            } else {
                format!("{}/{name}", folder.path)
            };
            if kind.is_dir() && !name.starts_with('.') && !PASSED_OVER.contains(&&*name) {
                below.push(Folder {
                    place: entry.path(),
                    path,
                    depth: folder.depth + 1,
                });
            } else if kind.is_file() {
                if name == CHART_FILE {
                    match limited_file::read_text(&entry.path(), CHART_BYTES) {
                        Ok(text) => sources.add_chart(&folder.path, &text),
                        Err(_) => sources.miss(),
                    }
                }
                sources.add_file(path);
            }
        }
        if folder.depth < DEPTH {
            // Which folders are left out of a huge repository does not depend on the order of a file system.
            below.sort_by(|a, b| b.path.cmp(&a.path));
            todo.append(&mut below);
        } else if !below.is_empty() {
            sources.cut();
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::model::Chart;

    /// A folder with these files.
    fn repository(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, content) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    fn found(folder: &tempfile::TempDir, template: &str) -> Option<String> {
        let chart = Chart {
            name: "shop".into(),
            version: "1.0.0".into(),
        };
        below(folder.path()).file_of(template, Some(&chart))
    }

    #[test]
    fn charts_are_found_wherever_they_are() {
        let folder = repository(&[
            ("deploy/the shop/Chart.yaml", "name: shop"),
            ("deploy/the shop/templates/web.yaml", ""),
            ("node_modules/x/Chart.yaml", "name: passed-over"),
            ("node_modules/x/templates/web.yaml", ""),
        ]);
        let path = found(&folder, "shop/templates/web.yaml");
        assert_eq!(path.as_deref(), Some("deploy/the shop/templates/web.yaml"));
        assert_eq!(found(&folder, "passed-over/templates/web.yaml"), None);
    }

    /// A typing error would else be a report without places.
    #[test]
    fn a_root_that_is_no_folder_is_refused() {
        let parent = repository(&[("file", "")]);
        let typed = |name: &str| folder(parent.path().join(name).into_os_string());
        assert_eq!(typed("missing"), Err(NoFolder::Missing));
        assert_eq!(typed("file"), Err(NoFolder::Other));
        assert_eq!(typed("."), Ok(parent.path().join(".")));
        let path = parent.path().join("missing");
        let line = ["driftline", "scan", "--source-root", path.to_str().unwrap()];
        let said = crate::app::cli::Cli::try_parse_from(line)
            .unwrap_err()
            .to_string();
        assert!(
            said.contains("--source-root") && said.contains("there is no such folder"),
            "{said}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let outside = repository(&[("templates/secret.yaml", ""), ("secret.yaml", "")]);
        let folder = repository(&[("shop/Chart.yaml", "name: shop"), ("shop/templates/web.yaml", "")]);
        let link = |to: &Path, from: &str| std::os::unix::fs::symlink(to, folder.path().join(from)).unwrap();
        link(outside.path(), "shop/templates/linked");
        link(&outside.path().join("secret.yaml"), "shop/templates/link.yaml");
        link(folder.path(), "shop/templates/loop");
        for template in [
            "shop/templates/linked/secret.yaml",
            "shop/templates/link.yaml",
            "shop/templates/loop/shop/templates/web.yaml",
        ] {
            assert_eq!(found(&folder, template), None, "{template}");
        }
        assert!(found(&folder, "shop/templates/web.yaml").is_some());
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let folder = repository(&[
            ("bad/Chart.yaml", "{{ name }}"),
            ("worse/Chart.yaml", "name: [1]"),
        ]);
        let remarks = below(folder.path()).remarks(&[]);
        assert_eq!(
            remarks,
            ["below --source-root, 2 charts or folders could not be read"]
        );
        let missing = below(&folder.path().join("missing")).remarks(&[]);
        assert_eq!(
            missing,
            ["below --source-root, 1 chart or folder could not be read"]
        );
    }
}
