//! What a notice means for the threads that are open: what goes on in them, what opens another one, and what stands apart.
//!
//! A release is over when the memory says that what the channel knows of it ended, and this scan read the release as a whole
//! and found nothing. What was not read changes no line.

use std::collections::{BTreeMap, BTreeSet};

use super::payload::{Top, what_is_wrong};
use super::threads::{Followed, MOST_RELEASES, ReleaseKey, Thread, Threads};
use crate::model::{Fingerprint, ReleaseNames, ReleaseReport, Report, Resolved};
use crate::notify::Notice;
use crate::notify::digest::{Beside, Digest};
use crate::notify::evaluated::{is_complete, is_evaluated, is_resolved};
use crate::notify::release::with_news;
use crate::report::words::{self, minute};
use crate::state::{Occasion, PartRequest, SharedRelease, without_memory};

/// What a notice tells, by release.
pub(super) struct Story<'n> {
    notice: &'n Notice<'n>,
    releases: Vec<(ReleaseKey, &'n ReleaseReport)>,
    by_key: BTreeMap<ReleaseKey, &'n ReleaseReport>,
    /// The releases with news, the worst first.
    news: Vec<(ReleaseKey, &'n ReleaseReport)>,
    has_news: BTreeSet<ReleaseKey>,
    resolved: BTreeMap<ReleaseKey, Vec<&'n Resolved>>,
}

/// What an excerpt of a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Some releases.
    Releases,
    /// The scan, without some releases.
    Scan,
}

/// A message in a thread.
pub(super) struct Reply {
    /// What it says.
    pub(super) digest: Digest,
    /// Whether it is shown in the channel, too: news is for people who do not follow the thread.
    pub(super) is_broadcast: bool,
}

/// A thread to be opened.
pub(super) struct Opening {
    /// What is wrong.
    pub(super) headline: String,
    /// The releases that it follows.
    pub(super) releases: Vec<Followed>,
    /// How many more it is about.
    pub(super) more: usize,
    /// The first message in it.
    pub(super) details: Digest,
}

impl<'n> Story<'n> {
    /// Sorts a notice by release.
    pub(super) fn new(notice: &'n Notice<'n>) -> Self {
        let report = notice.report;
        let keyed = |release: &'n ReleaseReport| {
            let fingerprint = Fingerprint::release(report, release);
            (ReleaseKey::of(&fingerprint), release)
        };
        let releases: Vec<_> = report.releases.iter().map(keyed).collect();
        let groups = match notice.occasion {
            Occasion::Scan | Occasion::Changed => with_news(report),
            // What the memory does not call new opens nothing, scan after scan.
            Occasion::Reminder | Occasion::Unchanged => Vec::new(),
        };
        let news: Vec<_> = groups
            .iter()
            .flat_map(|group| group.releases().map(keyed).collect::<Vec<_>>())
            .collect();
        let mut resolved: BTreeMap<ReleaseKey, Vec<&Resolved>> = BTreeMap::new();
        for ended in &report.resolved {
            resolved.entry(key_of(report, ended)).or_default().push(ended);
        }
        Self {
            notice,
            by_key: releases.iter().cloned().collect(),
            releases,
            has_news: news.iter().map(|(key, _)| key.clone()).collect(),
            news,
            resolved,
        }
    }

    /// Writes into a thread what is so now.
    pub(super) fn follow(&self, thread: &mut Thread) {
        let report = self.notice.report;
        let owes_details = thread.owes_details;
        for followed in &mut thread.releases {
            let ending = self.resolved.get(&followed.key).map(|ended| ending_of(ended));
            // What the channel was never told of has no ending that is remembered.
            let unnamed =
                || owes_details.then(|| format!("no longer found, {} UTC", minute(report.started_at)));
            match self.by_key.get(&followed.key) {
                Some(release) if release.tracked.status.is_some() => {
                    if self.has_news.contains(&followed.key) || is_evaluated(report, release) {
                        followed.goes_on(release);
                    }
                }
                Some(release) => {
                    // Whether more than this ended may be known by a later scan only.
                    followed.ending = ending.or_else(|| followed.ending.take());
                    let known = followed.ending.clone().or_else(unnamed);
                    if let Some(ending) = known.filter(|_| is_resolved(report, release)) {
                        followed.ends(&ending);
                    }
                }
                // It is gone, or others are told of it now.
                None => {
                    let unnamed = unnamed().filter(|_| is_complete(report));
                    if let Some(ending) = ending.or(unnamed) {
                        followed.ends(&ending);
                    }
                }
            }
        }
    }

    /// What is to be said in a thread.
    pub(super) fn reply(&self, thread: &Thread) -> Option<Reply> {
        let keys = thread.releases.iter().map(|release| &release.key);
        let told = |key: &&ReleaseKey| self.has_news.contains(key) || self.resolved.contains_key(key);
        let told: BTreeSet<&ReleaseKey> = keys.filter(told).collect();
        if told.is_empty() {
            return None;
        }
        let has_news = told.iter().any(|key| self.has_news.contains(key));
        Some(Reply {
            digest: self.excerpt(|key| told.contains(key), Extent::Releases),
            is_broadcast: has_news && !thread.owes_details,
        })
    }

    /// The thread for what is new in releases that no thread is about. What is still so in threads that are lost comes along.
    pub(super) fn opening(&self, threads: &Threads, lost: &[Thread]) -> Option<Opening> {
        let news = self.news.iter().filter(|(key, _)| !threads.has(key));
        let still_so = self.releases.iter().filter(|(key, release)| {
            let is_told = release.tracked.status.is_some() && !self.has_news.contains(key);
            is_told && !threads.has(key) && lost.iter().any(|thread| thread.has(key))
        });
        let all: Vec<_> = news.chain(still_so).collect();
        if all.is_empty() {
            return None;
        }
        let keys: BTreeSet<&ReleaseKey> = all.iter().map(|(key, _)| key).collect();
        let details = match self.notice.occasion {
            Occasion::Scan => self.notice.digest.clone(),
            Occasion::Changed | Occasion::Reminder | Occasion::Unchanged => {
                self.excerpt(|key| keys.contains(key), Extent::Releases)
            }
        };
        let releases = all.iter().take(MOST_RELEASES);
        let releases = releases.map(|(key, release)| Followed::new(key.clone(), release));
        let releases: Vec<_> = releases.collect();
        let more = all.len().saturating_sub(MOST_RELEASES);
        Some(Opening {
            headline: format!("{}: {}", details.cluster, what_is_wrong(&releases, more)),
            releases,
            more,
            details,
        })
    }

    /// What is shown at the top of a thread about these releases, of which this was wrong when it was opened.
    pub(super) fn top<'t>(&'t self, headline: &'t str, releases: &'t [Followed], more: usize) -> Top<'t> {
        let digest = self.notice.digest;
        let cluster = &self.notice.report.cluster.name;
        let links = Followed::first(releases).map_or_else(Vec::new, |first| {
            digest.links_to_names([cluster, &first.namespace, &first.name])
        });
        Top {
            cluster: &digest.cluster,
            headline,
            releases,
            more,
            links,
        }
    }

    /// The same of a thread.
    pub(super) fn top_of<'t>(&'t self, thread: &'t Thread) -> Top<'t> {
        self.top(&thread.headline, &thread.releases, thread.more)
    }

    /// What no thread is for: reminders, what could not be read and that it can be again, and what ended in releases that no
    /// thread is about.
    pub(super) fn apart(&self, threads: &Threads) -> Option<Digest> {
        let beside = self.notice.digest.beside();
        let is_untold = |key: &ReleaseKey| !threads.has(key);
        let is_due = match self.notice.occasion {
            Occasion::Scan => self.news.is_empty(),
            Occasion::Reminder => true,
            Occasion::Changed | Occasion::Unchanged => {
                beside.is_read_again || beside.is_unread_new || self.resolved.keys().any(is_untold)
            }
        };
        is_due.then(|| self.rest(threads))
    }

    /// Everything that is told in no thread.
    pub(super) fn rest(&self, threads: &Threads) -> Digest {
        let is_told = |key: &ReleaseKey| {
            self.has_news.contains(key) || (self.resolved.contains_key(key) && threads.has(key))
        };
        let mut keys = self.by_key.keys().chain(self.resolved.keys());
        if !keys.any(is_told) {
            return self.notice.digest.clone();
        }
        self.excerpt(|key| !is_told(key), Extent::Scan)
    }

    /// The part of the report about some releases, in words.
    fn excerpt(&self, has: impl Fn(&ReleaseKey) -> bool, extent: Extent) -> Digest {
        let report = self.notice.report;
        let releases = self.releases.iter().filter(|(key, _)| has(key));
        let beside = match extent {
            Extent::Releases => Beside::excerpt(),
            Extent::Scan => Beside {
                is_excerpt: true,
                ..self.notice.digest.beside()
            },
        };
        let errors = report.errors.iter().filter(|_| extent == Extent::Scan);
        let mut excerpt = without_memory(&PartRequest {
            sink: "",
            report,
            releases: releases
                .map(|(_, release)| SharedRelease::whole(release))
                .collect(),
            errors: errors.collect(),
        })
        .report;
        let resolved = self.resolved.iter().filter(|(key, _)| has(key));
        excerpt.resolved = resolved
            .flat_map(|(_, ended)| ended.iter().map(|ended| (*ended).clone()))
            .collect();
        excerpt.outcome = report.outcome;
        excerpt.summary = report.summary.clone();
        excerpt.stopped = report.stopped.filter(|_| extent == Extent::Scan);
        self.notice.digest.of_excerpt(&excerpt, beside)
    }
}

fn key_of(report: &Report, ended: &Resolved) -> ReleaseKey {
    ReleaseKey::of(&Fingerprint::of_release(ReleaseNames {
        cluster: &report.cluster.name,
        storage: &ended.storage,
        name: &ended.release,
    }))
}

/// How what was known of a release ended, and when.
fn ending_of(ended: &[&Resolved]) -> String {
    let how: BTreeSet<&str> = ended.iter().map(|ended| words::ended(ended)).collect();
    let how: Vec<&str> = how.into_iter().collect();
    let at = ended.iter().map(|ended| ended.resolved_at).max();
    let at = at.map_or_else(String::new, |at| format!(", {} UTC", minute(at)));
    format!("{}{at}", how.join(", "))
}
