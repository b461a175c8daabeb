//! Counts what was asked of the API server, by how it answered.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::ApiTraffic;
use crate::vocabulary::AnswerCode;

/// How many requests and bytes were exchanged so far.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// In the order of [`AnswerCode::ALL`].
    requests: [AtomicU64; AnswerCode::ALL.len()],
    bytes: AtomicU64,
}

/// A request that was sent. One that is dropped without an answer, at a time-out or at the end of a scan, had none.
pub(super) struct Sent<'t> {
    traffic: &'t Traffic,
    code: AnswerCode,
}

impl Traffic {
    /// Begins a request.
    pub(super) const fn send(&self) -> Sent<'_> {
        Sent {
            traffic: self,
            code: AnswerCode::None,
        }
    }

    /// What was exchanged so far.
    pub(super) fn so_far(&self) -> ApiTraffic {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        ApiTraffic {
            requests: AnswerCode::ALL
                .iter()
                .zip(&self.requests)
                .map(|(code, requests)| (*code, read(requests)))
                .collect(),
            bytes: read(&self.bytes),
        }
    }
}

impl Sent<'_> {
    /// Its answer came, with so many bytes.
    pub(super) fn answered(mut self, status: u16, bytes: usize) {
        self.code = AnswerCode::of(status);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.traffic.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        let mut counters = AnswerCode::ALL.iter().zip(&self.traffic.requests);
        if let Some((_, requests)) = counters.find(|(code, _)| **code == self.code) {
            requests.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_once_with_its_answer_or_with_none() {
        let traffic = Traffic::default();
        traffic.send().answered(200, 7);
        traffic.send().answered(200, 5);
        traffic.send().answered(418, 0);
        drop(traffic.send());
        let ApiTraffic { requests, bytes } = traffic.so_far();
        assert_eq!(bytes, 12);
        let counted: Vec<_> = requests.into_iter().filter(|(_, number)| *number > 0).collect();
        assert_eq!(
            counted,
            [(AnswerCode::Ok, 2), (AnswerCode::Other, 1), (AnswerCode::None, 1)]
        );
    }
}
