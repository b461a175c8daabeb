//! The program around the library: the command line, the settings, the commands and their exit status.

pub mod cli;
pub mod exit;
pub mod progress;
pub mod run;
pub mod settings;
