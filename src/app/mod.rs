//! The program around the library: the command line, the settings, the commands and their exit status.

mod baseline;
pub mod cli;
pub mod commands;
mod connect;
mod ending;
pub mod environment;
pub mod exit;
mod habits;
mod memory;
mod metrics;
pub mod output;
mod page;
mod pager;
pub mod process;
pub mod progress;
mod rendered;
mod scanning;
pub mod settings;
mod sources;
pub mod stderr;
pub mod stop;
mod stored;
