//! The three ways of applying a release, and the Helms that do it.

use super::case::Step;
use crate::harness::HelmVersion;

/// A way of applying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Helm 3.
    Helm3,
    /// Helm 4, in the client.
    Helm4Client,
    /// Helm 4, on the server.
    Helm4Server,
}

/// A Helm with its flags.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) helm: HelmVersion,
    pub(super) flags: Vec<&'static str>,
}

impl Method {
    pub(super) const ALL: [Self; 3] = [Self::Helm3, Self::Helm4Client, Self::Helm4Server];

    /// Its place in the rows of the table.
    pub(super) const fn position(self) -> usize {
        match self {
            Self::Helm3 => 0,
            Self::Helm4Client => 1,
            Self::Helm4Server => 2,
        }
    }

    /// Its short name in the table.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Helm3 => "3",
            Self::Helm4Client => "4c",
            Self::Helm4Server => "4s",
        }
    }

    /// Its name on the page.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Helm3 => "Helm 3",
            Self::Helm4Client => "Helm 4, in the client",
            Self::Helm4Server => "Helm 4, on the server",
        }
    }

    /// The Helm that makes a step, unless the case names another one. Only the installation chooses the method.
    pub(super) fn client(self, step: Step) -> Client {
        let is_installation = step == Step::Revision(1);
        match self {
            Self::Helm3 => Client::of("helm3"),
            Self::Helm4Client if is_installation => Client::of("helm4 --server-side=false"),
            Self::Helm4Client | Self::Helm4Server => Client::of("helm4"),
        }
    }
}

impl Client {
    /// Reads `helm3` or `helm4`, and flags.
    pub(super) fn of(text: &'static str) -> Self {
        let mut words = text.split(' ');
        let helm = match words.next() {
            Some("helm3") => HelmVersion::V3,
            Some("helm4") => HelmVersion::V4,
            _ => panic!("{text} is no Helm"),
        };
        Self {
            helm,
            flags: words.collect(),
        }
    }
}
