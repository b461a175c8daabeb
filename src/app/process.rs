//! The set-up of the whole process, which happens once.

/// Makes ring the process's TLS provider unless there already is one. Safe to call any number of times.
///
/// Both HTTP clients of this crate, the cluster's and that of the notifications, find their provider that way, and
/// neither works without.
pub fn install_crypto_provider() {
    // The only failure is that another call came first, which is just as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
