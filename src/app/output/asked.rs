//! The outputs that a command line asks for: `-o FORMAT[=FILE]`, once or several times.

use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;

use crate::app::environment;
use crate::report::sanitize::{Medium, sanitize};
use crate::report::{Format, ReportKind};

/// What stands for standard output in place of a file.
const STDOUT: &str = "-";

/// A report in one format, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The format.
    pub format: Format,
    /// The file; standard output without one.
    pub file: Option<PathBuf>,
}

impl Output {
    /// A report on standard output.
    pub const fn to_stdout(format: Format) -> Self {
        Self { format, file: None }
    }
}

/// Why reports cannot be written where they are asked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutputsError {
    /// The file has no name.
    #[error("`-o {0}=` names no file: `-o {0}=FILE` writes to a file, and `-o {0}` to standard output")]
    NoFile(Format),
    /// Several outputs were typed as one.
    #[error("`{format}={typed}` is one output with an odd name of a file: give each output an -o of its own")]
    Another {
        /// The format of the first.
        format: Format,
        /// What was typed for its file, made harmless.
        typed: String,
    },
    /// Two reports would run into one another.
    #[error(
        "-o {first} and -o {second} would both go to standard output: give all but one a file, such as `-o {second}=FILE`"
    )]
    Stdout {
        /// The format of the one.
        first: Format,
        /// The format of the other.
        second: Format,
    },
    /// One report would replace the other.
    #[error("-o {first} and -o {second} would both be written to {}: give each its own file", .path.display())]
    SameFile {
        /// The format of the one.
        first: Format,
        /// The format of the other.
        second: Format,
        /// The file, as it was given for the other.
        path: PathBuf,
    },
    /// Something else would replace the report.
    #[error("-o {format} and {option} would both be written to {}: give each its own file", .path.display())]
    Taken {
        /// The option that names the file, too.
        option: &'static str,
        /// The format of the report.
        format: Format,
        /// The file.
        path: PathBuf,
    },
    /// `--output-file` is about one report.
    #[error(
        "--output-file {} is for the one report that has no file yet, and {count} have none: use `-o FORMAT=FILE` for each",
        .path.display()
    )]
    OutputFile {
        /// The file.
        path: PathBuf,
        /// How many reports have no file.
        count: usize,
    },
    /// The folder of a file does not exist.
    #[error(
        "the report cannot be written to {}: there is no folder {}; create it first",
        .path.display(), .folder.display()
    )]
    NoFolder {
        /// The file.
        path: PathBuf,
        /// Its folder.
        folder: PathBuf,
    },
    /// The file is a folder.
    #[error("the report cannot be written to {}, which is a folder: name a file in it", .0.display())]
    Folder(PathBuf),
}

/// The outputs of a command, checked before a scan takes its time.
///
/// # Errors
///
/// Two of them would go to one place, or a file can never be written.
pub(in crate::app) fn outputs(
    mut asked: Vec<Output>,
    output_file: Option<&Path>,
) -> Result<Vec<Output>, OutputsError> {
    if let Some(path) = output_file {
        let mut without_file: Vec<_> = asked.iter_mut().filter(|output| output.file.is_none()).collect();
        match without_file.as_mut_slice() {
            [output] => output.file = file_of(path),
            others => {
                return Err(OutputsError::OutputFile {
                    path: path.to_owned(),
                    count: others.len(),
                });
            }
        }
    }
    for (number, output) in asked.iter().enumerate() {
        if let Some(path) = &output.file {
            can_be_a_file(path)?;
        }
        for earlier in &asked[..number] {
            let (first, second) = (earlier.format, output.format);
            match (&earlier.file, &output.file) {
                (None, None) => return Err(OutputsError::Stdout { first, second }),
                (Some(path), None) | (None, Some(path)) if is_stdout(path) => {
                    return Err(OutputsError::Stdout { first, second });
                }
                (Some(one), Some(other)) if is_same_file(one, other) => {
                    return Err(OutputsError::SameFile {
                        first,
                        second,
                        path: other.clone(),
                    });
                }
                (Some(_) | None, Some(_)) | (Some(_), None) => {}
            }
        }
    }
    Ok(asked)
}

/// The parts of `FORMAT[=FILE]`.
pub(in crate::app) fn parts(typed: &OsStr) -> (&OsStr, Option<&OsStr>) {
    let bytes = typed.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(at) => (
            OsStr::from_bytes(&bytes[..at]),
            Some(OsStr::from_bytes(&bytes[at + 1..])),
        ),
        None => (typed, None),
    }
}

/// The file of an output as it was typed behind its format; none for standard output.
///
/// # Errors
///
/// No file can have been meant by it.
pub(in crate::app) fn file_as_typed(
    format: Format,
    typed: Option<&OsStr>,
) -> Result<Option<PathBuf>, OutputsError> {
    let Some(typed) = typed else { return Ok(None) };
    if typed.is_empty() {
        return Err(OutputsError::NoFile(format));
    }
    if has_another_output(typed) {
        let typed = typed.to_string_lossy();
        let typed = sanitize(&typed, Medium::CiLog).into_owned();
        return Err(OutputsError::Another { format, typed });
    }
    Ok(file_of(&environment::path(typed.to_owned())))
}

/// Whether what was typed for a file goes on with another output, as `a.json,html=a.html` does.
fn has_another_output(file: &OsStr) -> bool {
    let text = file.to_string_lossy();
    let mut rest = text.split([',', ' ']).skip(1);
    rest.any(|part| {
        part.split('=')
            .next()
            .is_some_and(|name| name.parse::<Format>().is_ok())
    })
}

/// The file that a path names; none for standard output.
fn file_of(path: &Path) -> Option<PathBuf> {
    (path != Path::new(STDOUT)).then(|| path.to_owned())
}

/// Looks for what would make writing a file fail for certain.
fn can_be_a_file(path: &Path) -> Result<(), OutputsError> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
        return Err(OutputsError::NoFolder {
            path: path.to_owned(),
            folder: folder.to_owned(),
        });
    }
    if path.is_dir() || path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(OutputsError::Folder(path.to_owned()));
    }
    Ok(())
}

/// Whether two paths lead to one file.
fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(a), Ok(b)) => is_one(&a, &b),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => false,
        (Err(_), Err(_)) => full_path(one) == full_path(other),
    }
}

/// Whether a path leads to where standard output goes.
fn is_stdout(path: &Path) -> bool {
    let stdout = io::stdout().as_fd().try_clone_to_owned();
    let stdout = stdout.and_then(|stdout| File::from(stdout).metadata());
    matches!((stdout, fs::metadata(path)), (Ok(a), Ok(b)) if is_one(&a, &b))
}

/// Whether two files are one. What is thrown away disturbs nobody.
fn is_one(a: &Metadata, b: &Metadata) -> bool {
    let id = |metadata: &Metadata| (metadata.dev(), metadata.ino());
    id(a) == id(b) && fs::metadata("/dev/null").is_ok_and(|null| id(&null) != id(a))
}

/// Checks that something else that is written, such as metrics, does not take the place of a report.
///
/// # Errors
///
/// It does.
pub(in crate::app) fn apart(
    outputs: &[Output],
    option: &'static str,
    path: &Path,
) -> Result<(), OutputsError> {
    let mut files = outputs
        .iter()
        .filter_map(|output| Some((output.format, output.file.as_ref()?)));
    match files.find(|(_, file)| is_same_file(file, path)) {
        Some((format, _)) => Err(OutputsError::Taken {
            option,
            format,
            path: path.to_owned(),
        }),
        None => Ok(()),
    }
}

/// The path of a file that does not exist yet, through the folder that does.
fn full_path(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?;
    Some(folder.join(path.file_name()?))
}

/// Parses `FORMAT[=FILE]` with a format that this kind of report has.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct OutputParser(pub(in crate::app) ReportKind);

impl OutputParser {
    fn formats(self) -> impl Iterator<Item = PossibleValue> {
        Format::of(self.0).map(|format| PossibleValue::new(format.as_str()).help(format.message()))
    }
}

impl TypedValueParser for OutputParser {
    type Value = Output;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<Output, clap::Error> {
        let (name, file) = parts(value);
        let names = PossibleValuesParser::new(self.formats());
        let format = names
            .try_map(|name| name.parse::<Format>())
            .parse_ref(command, argument, name)?;
        let file = file_as_typed(format, file).map_err(|error| {
            clap::Error::raw(ErrorKind::InvalidValue, format!("{error}\n")).with_cmd(command)
        })?;
        Ok(Output { format, file })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.formats()))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn to(format: Format, file: impl Into<PathBuf>) -> Output {
        Output {
            format,
            file: Some(file.into()),
        }
    }

    fn refusal(asked: Vec<Output>) -> String {
        outputs(asked, None).unwrap_err().to_string()
    }

    #[test]
    fn a_report_each_goes_to_standard_output_and_to_files() {
        let folder = tempfile::tempdir().unwrap();
        let asked = vec![
            Output::to_stdout(Format::Text),
            to(Format::Json, folder.path().join("a.json")),
            to(Format::Yaml, folder.path().join("a.yaml")),
            to(Format::Json, "/dev/null"),
            to(Format::Yaml, "/dev/null"),
        ];
        assert_eq!(outputs(asked.clone(), None), Ok(asked));
    }

    #[test]
    fn two_reports_never_go_to_one_place() {
        let two = vec![Output::to_stdout(Format::Text), Output::to_stdout(Format::Json)];
        assert_eq!(
            refusal(two),
            "-o text and -o json would both go to standard output: give all but one a file, such as `-o json=FILE`"
        );
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("report"), folder.path().join("link"));
        let around = folder.path().join(".").join("report");
        let both = || vec![to(Format::Json, &file), to(Format::Yaml, &around)];
        assert!(
            refusal(both()).contains("both be written to"),
            "there is no file yet"
        );
        fs::write(&file, "").unwrap();
        assert!(refusal(both()).ends_with("give each its own file"));
        symlink(&file, &link).unwrap();
        assert!(
            refusal(vec![to(Format::Json, &link), to(Format::Yaml, &file)]).contains("-o json and -o yaml")
        );
    }

    #[test]
    fn the_file_of_one_report_is_not_that_of_two() {
        let path = Path::new("report");
        let asked = vec![Output::to_stdout(Format::Json)];
        assert_eq!(outputs(asked, Some(path)), Ok(vec![to(Format::Json, path)]));
        for asked in [
            vec![to(Format::Json, "a")],
            vec![Output::to_stdout(Format::Text), Output::to_stdout(Format::Json)],
        ] {
            let error = outputs(asked, Some(path)).unwrap_err();
            assert!(matches!(error, OutputsError::OutputFile { .. }), "{error}");
        }
    }
}
