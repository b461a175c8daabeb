//! Everything that goes to standard error: log lines, the closing sentence, mistakes on the command line, panics.
//!
//! These texts quote names from kubeconfigs, settings, the command line and the cluster. They all pass through
//! [`sanitize`] here, so that none of them moves the cursor, begins a line of its own or is obeyed by a CI runner.
//! [`say`], the formats of log lines and [`report_usage`] are the only ways out.

use std::fmt;
use std::io::{self, Write as _};
use std::panic::PanicHookInfo;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::{Format, Full, Json, JsonFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::cli::{Global, LogFormat};
use super::habits::with_tip;
use super::output::{Destination, medium};
use crate::report::sanitize::{escape_json, sanitize};

/// Writes one line.
pub fn say(text: &str) {
    // When standard error is gone too, there is no place left for the message.
    let _ = writeln!(io::stderr(), "{}", sanitize(text, medium()));
}

/// Sets up logging to standard error.
///
/// kube's client is silenced: on an answer that does not parse it logs the whole body, secrets included.
pub fn set_up_logging(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => "driftline=error",
        (false, 0) => "driftline=warn",
        (false, 1) => "driftline=info",
        (false, 2) => "driftline=debug",
        (false, _) => "driftline=trace,hyper_util=debug",
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(format!("off,{level}")))
        .with_writer(io::stderr)
        .with_ansi(Destination::of(&io::stderr()).has_colour(global.color));
    match global.log_format {
        LogFormat::Json => builder
            .event_format(JsonLine(Format::default().json()))
            .fmt_fields(JsonFields::new())
            .init(),
        LogFormat::Text => builder
            .event_format(TextLine(
                Format::default()
                    .with_target(false)
                    .with_level(false)
                    .without_time(),
            ))
            .init(),
    }
}

/// A log line as text: the time, the level, coloured where there is colour, and everything else sanitised.
struct TextLine(Format<Full, ()>);

impl<S, N> FormatEvent<S, N> for TextLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = *event.metadata().level();
        let style = level_style(level);
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        SystemTime.format_time(&mut writer)?;
        writer.write_char(' ')?;
        if writer.has_ansi_escapes() {
            write!(writer, "{style}{level:>5}{style:#} ")?;
        } else {
            write!(writer, "{level:>5} ")?;
        }
        writeln!(writer, "{}", sanitize(line.trim_end_matches('\n'), medium()))
    }
}

/// The colour of a level, as tracing's own format has it.
fn level_style(level: tracing::Level) -> anstyle::Style {
    let colour = match level {
        tracing::Level::ERROR => anstyle::AnsiColor::Red,
        tracing::Level::WARN => anstyle::AnsiColor::Yellow,
        tracing::Level::INFO => anstyle::AnsiColor::Green,
        tracing::Level::DEBUG => anstyle::AnsiColor::Blue,
        tracing::Level::TRACE => anstyle::AnsiColor::Magenta,
    };
    colour.on_default()
}

/// A log line as JSON, whose strings are escaped further than JSON demands.
struct JsonLine(Format<Json, SystemTime>);

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        writeln!(writer, "{}", escape_json(line.trim_end_matches('\n')))
    }
}

/// Prints what clap has to say instead of a command, and returns the exit status: help, or a mistake on the command line
/// or in an environment variable.
pub fn report_usage(error: clap::Error) -> u8 {
    let mut error = with_tip(error);
    // Help quotes nothing, and has control characters where it has colours.
    if !matches!(
        error.kind(),
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    ) {
        sanitize_context(&mut error);
        let text = error.render().to_string();
        if text.lines().any(|line| sanitize(line, medium()) != line) {
            // The cause of the error quotes the text as well. The colours are the lesser loss.
            text.lines().for_each(say);
            return status_of(&error);
        }
    }
    // Help goes to standard output. It is no error that nobody reads it.
    let _ = error.print();
    status_of(&error)
}

fn status_of(error: &clap::Error) -> u8 {
    u8::try_from(error.exit_code()).unwrap_or(super::exit::ERROR)
}

/// Sanitises what the error quotes of the command line: each a text within a line.
fn sanitize_context(error: &mut clap::Error) {
    let medium = medium();
    let safe = |text: &String| sanitize(text, medium).into_owned();
    let quoted: Vec<(ContextKind, ContextValue)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(safe(text)))),
            ContextValue::Strings(texts) => {
                Some((kind, ContextValue::Strings(texts.iter().map(safe).collect())))
            }
            // A tip may repeat an argument. The colours are the lesser loss.
            ContextValue::StyledStrs(tips) => {
                let tips = tips.iter().map(|tip| StyledStr::from(safe(&tip.to_string())));
                Some((kind, ContextValue::StyledStrs(tips.collect())))
            }
            // The others are clap's own texts, with its colours, and numbers.
            _ => None,
        })
        .collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
}

/// Reports a panic in one line. A message that was put together at run time may quote a value, and is left out.
pub fn report_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let message = panic.payload().downcast_ref::<&'static str>().copied();
    say(&format!(
        "driftline: a part of the program panicked at {place}: {}; this is a mistake in driftline, please report it",
        message.unwrap_or("the message is left out, because it may quote values")
    ));
}
