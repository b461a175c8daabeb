//! What a difference is called and how much it matters.
//!
//! The stable vocabulary of the report: codes, severities and states. Every name is kebab-case, is part of the
//! `driftline.report/v1` contract and never changes its meaning.

pub mod code;
pub mod redact;
