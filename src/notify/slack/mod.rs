//! Slack, and servers that take Slack's incoming webhooks.
//!
//! An incoming webhook takes messages and says nothing of them, so each stands for itself. A bot with a token can reply to its
//! messages and change them, so what a release goes through stands in one thread. [`payload`] writes what both send.

pub mod bot;
pub mod payload;
pub mod settings;
mod webhook;
