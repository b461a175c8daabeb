//! The JSON of a record as a stream in which nothing is too long and nothing too deep.
//!
//! A parser holds a whole string before anybody can look at its length, and remembers every bracket that is open in
//! what it skips: 64 kB of gzip can make it hold 64 MiB of either. So the bytes are looked at before they reach it.

use std::io::{self, Read};

/// The longest string in a record. Helm takes no file of more than 5 MiB into a chart (Helm:
/// `pkg/chart/loader/archive/archive.go`, `MaxDecompressedFileSize`), and base64 makes that 7 MiB; the longest known
/// manifest has 6 MiB.
const MAX_STRING: usize = 12 << 20;

/// How deep a record may nest. Go stops at 10,000; what a release keeps of a chart's values is far flatter.
const MAX_DEPTH: usize = 1_000;

/// The limit that a stream broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Breach {
    /// The whole of it has too many bytes.
    Size,
    /// A string in it has too many bytes.
    String,
    /// It nests too deep.
    Depth,
}

/// Where in the JSON a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Structure,
    String,
    /// Behind a backslash in a string.
    Escape,
}

/// A reader that fails at the first breach of a limit.
pub(super) struct Guarded<R> {
    inner: R,
    left: u64,
    within: Within,
    string: usize,
    depth: usize,
    breach: Option<Breach>,
}

impl<R: Read> Guarded<R> {
    /// Guards a stream of at most so many bytes.
    pub(super) const fn new(inner: R, max_bytes: u64) -> Self {
        Self {
            inner,
            left: max_bytes,
            within: Within::Structure,
            string: 0,
            depth: 0,
            breach: None,
        }
    }

    /// The limit that was broken.
    pub(super) const fn breach(&self) -> Option<Breach> {
        self.breach
    }

    /// Follows the JSON through the next bytes.
    fn follow(&mut self, bytes: &[u8]) -> Option<Breach> {
        let mut rest = bytes;
        while let Some(&byte) = rest.first() {
            let mut seen = 1;
            match self.within {
                Within::Structure => match byte {
                    b'"' => {
                        self.within = Within::String;
                        self.string = 0;
                    }
                    b'[' | b'{' => {
                        self.depth += 1;
                        if self.depth > MAX_DEPTH {
                            return Some(Breach::Depth);
                        }
                    }
                    b']' | b'}' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                },
                Within::Escape => {
                    self.within = Within::String;
                    self.string += 1;
                }
                Within::String => {
                    let end = memchr::memchr2(b'"', b'\\', rest);
                    let plain = end.unwrap_or(rest.len());
                    self.string += plain;
                    seen = plain;
                    if let Some(end) = end {
                        seen = end + 1;
                        self.within = if rest[end] == b'"' {
                            Within::Structure
                        } else {
                            Within::Escape
                        };
                    }
                    if self.string > MAX_STRING {
                        return Some(Breach::String);
                    }
                }
            }
            rest = &rest[seen..];
        }
        None
    }
}

impl<R: Read> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        let left = self.left.checked_sub(read as u64);
        let breach = match left {
            None => Some(Breach::Size),
            Some(left) => {
                self.left = left;
                self.follow(&buffer[..read])
            }
        };
        if breach.is_some() {
            self.breach = breach;
            return Err(io::Error::other("a limit is broken"));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breach(text: &str, max_bytes: u64) -> Option<Breach> {
        let mut guarded = Guarded::new(text.as_bytes(), max_bytes);
        let read = io::copy(&mut guarded, &mut io::sink());
        assert_eq!(read.is_err(), guarded.breach().is_some());
        guarded.breach()
    }

    #[test]
    fn each_limit_is_noticed_and_no_other_text_is_stopped() {
        let long = "x".repeat(MAX_STRING);
        let brackets = "[{".repeat(MAX_DEPTH);
        for (text, expected) in [
            (String::new(), None),
            (r#"{"a":["\\\"[[[",{}]}"#.to_owned(), None),
            (format!("\"{long}\""), None),
            (format!("\"{long}x\""), Some(Breach::String)),
            (format!("\"{long}\\u0000\""), Some(Breach::String)),
            (format!("\"{long}\",\"{long}\""), None),
            (format!("\"{brackets}\""), None),
            (brackets.clone(), Some(Breach::Depth)),
            ("[]".repeat(2 * MAX_DEPTH), None),
        ] {
            assert_eq!(breach(&text, 64 << 20), expected);
        }
        assert_eq!(breach("[1,2]", 5), None);
        assert_eq!(breach("[1,2]", 4), Some(Breach::Size));
    }
}
