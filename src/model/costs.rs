//! What a scan cost: not a part of the report, whose bytes do not depend on how fast a cluster answered.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::vocabulary::{AnswerCode, ScanStage};

/// What a scan cost.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanCosts {
    /// How long each stage took that came to its end, over all waves of releases.
    pub stages: BTreeMap<ScanStage, Duration>,
    /// What was asked of the API server; `None` for a snapshot.
    pub traffic: Option<ApiTraffic>,
}

/// What was asked of an API server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiTraffic {
    /// How many requests were answered how. Each attempt counts.
    pub requests: BTreeMap<AnswerCode, u64>,
    /// How many bytes the answers had once decompressed.
    pub bytes: u64,
}
