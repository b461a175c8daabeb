//! Reading a file that the operator names, within a limit.
//!
//! A wrong path may lead to a device or to a file of any size, and neither may fill the memory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// Reads a file of at most so many bytes.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_from(File::open(path)?, limit)
}

/// Reads at most so many bytes, such as those on standard input.
pub(crate) fn read_from(reader: impl io::Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {} KiB", limit >> 10),
        ));
    }
    Ok(bytes)
}

/// Reads a file of text of at most so many bytes.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    read_text_from(File::open(path)?, limit)
}

/// Reads text of at most so many bytes, such as that on standard input.
pub(crate) fn read_text_from(reader: impl io::Read, limit: u64) -> io::Result<String> {
    String::from_utf8(read_from(reader, limit)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "ok").unwrap();
        assert_eq!(read_text(file.path(), 2).unwrap(), "ok");
        assert_eq!(
            read(file.path(), 1).unwrap_err().kind(),
            io::ErrorKind::FileTooLarge
        );
        assert!(read(Path::new("/dev/zero"), 1 << 20).is_err());
        std::fs::write(file.path(), b"\xff").unwrap();
        assert_eq!(
            read_text(file.path(), 2).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
    }
}
