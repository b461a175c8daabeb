//! The report as its readers get it: one renderer per format, all of them rendered from [`crate::model::Report`].

pub mod json;
pub mod sanitize;
pub mod summary;
pub mod text;

#[cfg(test)]
mod contract;
#[cfg(test)]
pub(crate) mod fixtures;
#[cfg(test)]
mod golden;
