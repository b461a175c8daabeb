//! The certificates of a private authority, for receivers that no public one vouches for.
//!
//! They stand in for the system's, as `ca_file` does in the settings of Prometheus: whoever names an authority of his own means
//! this one. A client trusts the same roots for all its requests, so a sink with roots has a client of its own, which is made
//! like the other at the first message.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use reqwest::{Certificate, Client};

use crate::limited_file;

/// The largest file of certificates. All that a Linux system trusts take about a quarter of a megabyte.
const MAX_BUNDLE_BYTES: u64 = 1 << 20;

/// The certificates of a private authority, and the client that trusts only them.
#[derive(Clone)]
pub struct PrivateRoots {
    certificates: Vec<Certificate>,
    client: OnceLock<Result<Client, String>>,
}

/// Why there are no certificates.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file cannot be read.
    #[error("the ca_file {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The file has no certificate, or something else in the place of one.
    #[error("the ca_file {} must have certificates in PEM, which begin with -----BEGIN CERTIFICATE-----", .path.display())]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
}

impl PrivateRoots {
    /// Reads the certificates of a file in PEM.
    pub(crate) fn read(path: &Path) -> Result<Self, RootsError> {
        let path = path.to_owned();
        let pem = match limited_file::read_text(&path, MAX_BUNDLE_BYTES) {
            Ok(pem) => pem,
            Err(source) => return Err(RootsError::Unreadable { path, source }),
        };
        match Certificate::from_pem_bundle(pem.as_bytes()) {
            Ok(certificates) if !certificates.is_empty() => Ok(Self {
                certificates,
                client: OnceLock::new(),
            }),
            Ok(_) | Err(_) => Err(RootsError::NoCertificate { path }),
        }
    }

    /// The certificates.
    pub(super) fn certificates(&self) -> impl Iterator<Item = Certificate> + '_ {
        self.certificates.iter().cloned()
    }

    /// The place of the client that trusts them, or of the reason why there is none.
    pub(super) const fn client(&self) -> &OnceLock<Result<Client, String>> {
        &self.client
    }
}

impl fmt::Debug for PrivateRoots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrivateRoots")
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_and_not_quoted() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for text in [
            "",
            "hunter2",
            "-----BEGIN PRIVATE KEY-----\naHVudGVyMg==\n-----END PRIVATE KEY-----\n",
            "-----BEGIN CERTIFICATE-----\n!hunter2\n-----END CERTIFICATE-----\n",
        ] {
            std::fs::write(file.path(), text).unwrap();
            let error = PrivateRoots::read(file.path()).unwrap_err().to_string();
            assert!(error.contains("must have certificates in PEM"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
        let error = PrivateRoots::read(Path::new("/does/not/exist")).unwrap_err();
        assert!(matches!(error, RootsError::Unreadable { .. }), "{error}");
    }
}
