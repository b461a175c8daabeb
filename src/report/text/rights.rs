//! The table of the rights that a scan needs, and the commands that grant the missing ones.

use std::io::{self, Write};

use super::line::Line;
use super::safe::Safe;
use super::{TextOptions, TextWriter};
use crate::model::rights::{Account, NeededRight, RightPurpose, RightTarget, RightsReport, Verb};
use crate::report::words::count;
use crate::shell::{Command, FileName, ObjectName, Refusal, Word};

/// How many releases one row names.
const NAMED: usize = 3;

/// The file that the printed commands keep the roles in.
const FILE: &str = "driftline-role.yaml";

/// Writes the table.
pub(in crate::report) fn render(
    report: &RightsReport,
    options: &TextOptions,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = TextWriter {
        options,
        now: None,
        out,
    };
    let rows: Vec<Row> = report
        .rights
        .iter()
        .flat_map(|right| rows(right, options))
        .collect();
    let mut widths = HEADINGS.map(str::len);
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(&row.cells) {
            *width = (*width).max(cell.width());
        }
    }
    let mut heading = Line::default();
    for (column, title) in HEADINGS.iter().enumerate() {
        heading.push(options.palette.dim, *title);
        pad(&mut heading, &widths, column);
    }
    writer.line(&heading)?;
    for row in rows {
        let mut line = Line::default();
        let style = match row.state {
            State::Missing => options.palette.bad,
            State::Allowed => options.palette.good,
        };
        for (column, cell) in row.cells.into_iter().enumerate() {
            if column == 0 {
                line.push(style, cell);
            } else {
                line.plain(cell);
            }
            pad(&mut line, &widths, column);
        }
        writer.line(&line)?;
    }
    writer.blank()?;
    for error in &report.errors {
        writer.error(error)?;
    }
    writer.line(&conclusion(report, options))?;
    if report.missing().next().is_some() {
        for line in grants(report, options) {
            writer.line(&line)?;
        }
    }
    Ok(())
}

/// The titles of the columns.
const HEADINGS: [&str; 5] = ["right", "verbs", "resource", "where", "for"];

/// Goes on to where the next column begins.
fn pad(line: &mut Line, widths: &[usize; 5], column: usize) {
    if column + 1 < widths.len() {
        let end: usize = widths.iter().take(column + 1).map(|width| width + 2).sum();
        line.pad_to(end);
    }
}

/// Whether the account has the right of a row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Allowed,
}

struct Row {
    state: State,
    cells: [Safe; 5],
}

/// One row for the missing verbs and one for the others.
fn rows(right: &NeededRight, options: &TextOptions) -> Vec<Row> {
    let allowed: Vec<Verb> = right
        .verbs
        .iter()
        .copied()
        .filter(|verb| !right.missing.contains(verb))
        .collect();
    let groups = [(State::Missing, &right.missing), (State::Allowed, &allowed)];
    let filled = groups.into_iter().filter(|(_, verbs)| !verbs.is_empty());
    filled
        .map(|(state, verbs)| {
            let verbs: Vec<&str> = verbs.iter().map(|verb| verb.as_str()).collect();
            let (subject, place) = target(&right.target);
            let word = match state {
                State::Missing => "missing",
                State::Allowed => "allowed",
            };
            Row {
                state,
                cells: [
                    Safe::from(word),
                    options.safe(&verbs.join(", ")),
                    options.safe(&subject),
                    options.safe(&place),
                    options.safe(&purpose(right)),
                ],
            }
        })
        .collect()
}

fn target(target: &RightTarget) -> (String, String) {
    match target {
        RightTarget::Namespace { resource, namespace } => {
            (resource.to_string(), format!("namespace {namespace}"))
        }
        RightTarget::AllNamespaces { resource } => (resource.to_string(), "all namespaces".to_owned()),
        RightTarget::Cluster { resource } => (resource.to_string(), "cluster".to_owned()),
        RightTarget::Path { path } => (path.clone(), "cluster".to_owned()),
    }
}

/// What a right is for, with some of the releases.
fn purpose(right: &NeededRight) -> String {
    let purpose = right.purpose.message();
    if right.releases.is_empty() {
        return purpose.to_owned();
    }
    let named: Vec<&str> = right.releases.iter().take(NAMED).map(String::as_str).collect();
    let others = match right.releases.len() - named.len() {
        0 => String::new(),
        others => format!(" and {others} more"),
    };
    format!("{purpose}: {}{others}", named.join(", "))
}

/// The answer, in one line.
fn conclusion(report: &RightsReport, options: &TextOptions) -> Line {
    let missing = report.missing().count();
    let account = match &report.account {
        Some(account) => account.user_name(),
        None => "this account".to_owned(),
    };
    let mut line = Line::default();
    let rest = match (missing, report.errors.is_empty()) {
        (0, true) => {
            line.push(options.palette.good, "allowed");
            format!("{account} may read all that a scan needs")
        }
        (0, false) => {
            line.push(options.palette.warn, "incomplete");
            format!("{account} has these rights; it is not known whether a scan needs more")
        }
        (missing, _) => {
            line.push(options.palette.bad, "missing");
            format!(
                "{account} lacks {missing} of {}",
                count(report.rights.len(), "right")
            )
        }
    };
    let rest = format!(": {rest} (cluster {})", report.cluster.name);
    line.plain(options.safe(&rest));
    line
}

/// The commands that grant what is missing: one for the account itself, and one for whoever may grant it.
fn grants(report: &RightsReport, options: &TextOptions) -> Vec<Line> {
    let commands = print_roles(report).and_then(|print| {
        let print = print.on(&report.flags)?;
        let apply = Command::new("kubectl", &["apply", "-f"]).from_file(&file()?);
        Ok([
            (print, "print the roles"),
            (apply, "apply them, as somebody who may grant these rights"),
        ])
    });
    let commands = match commands {
        Ok(commands) => commands,
        Err(refusal) => {
            let text = format!("no command is printed: {refusal}");
            return vec![Line::of(options.palette.dim, options.safe(&text))];
        }
    };
    commands
        .into_iter()
        .map(|(command, why)| {
            let mut line = Line::indented(2);
            line.push(options.palette.dim, "$ ")
                .plain(Safe::of(&command.to_string(), options.medium))
                .push(options.palette.dim, options.safe(&format!("   # {why}")));
            line
        })
        .collect()
}

fn file() -> Result<FileName, Refusal> {
    FileName::new(FILE.to_owned())
}

/// The command that prints the roles for the same scan.
fn print_roles(report: &RightsReport) -> Result<Command, Refusal> {
    let mut command = Command::new("driftline", &["rights"]);
    for namespace in &report.namespaces {
        command = command.literal(&["-n"]).word(&Word::namespace(namespace)?);
    }
    for release in &report.releases {
        command = command.literal(&["--release"]).word(&Word::release(release)?);
    }
    match &report.account {
        Some(Account::ServiceAccount { namespace, name }) if !report.is_own_account => {
            let account = Word::object(&Word::namespace(namespace)?, &ObjectName::new("", name)?);
            command = command.literal(&["--service-account"]).word(&account);
        }
        Some(Account::ServiceAccount { .. } | Account::User { .. }) | None => {}
    }
    let is_for = |purpose| report.rights.iter().any(|right| right.purpose == purpose);
    if is_for(RightPurpose::DryRuns) {
        command = command.literal(&["--confirm", "server"]);
    }
    if is_for(RightPurpose::Orphans) {
        command = command.literal(&["--orphans"]);
    }
    if is_for(RightPurpose::Previews) {
        command = command.literal(&["--preview"]);
    }
    Ok(command.literal(&["-o", "role"]).into_file(file()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::rights::{RIGHTS_SCHEMA, Resource};
    use crate::model::{Cluster, ReportError, Tool};
    use crate::shell::ClusterFlags;

    fn right(target: RightTarget, missing: &[Verb], releases: &[&str]) -> NeededRight {
        NeededRight {
            missing: missing.to_vec(),
            purpose: RightPurpose::Objects,
            target,
            verbs: vec![Verb::Get, Verb::List],
            releases: releases.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    fn in_shop(group: &str, resource: &str) -> RightTarget {
        RightTarget::Namespace {
            resource: Resource::new(group, resource),
            namespace: "shop".to_owned(),
        }
    }

    fn report(rights: Vec<NeededRight>) -> RightsReport {
        RightsReport {
            schema: RIGHTS_SCHEMA.to_owned(),
            tool: Tool {
                name: "driftline".to_owned(),
                version: "0.1.0".to_owned(),
            },
            cluster: Cluster {
                name: "prod".to_owned(),
                server: "https://10.0.0.1:6443".to_owned(),
            },
            account: Some(Account::of_user("system:serviceaccount:ops:driftline")),
            is_own_account: true,
            namespaces: vec!["shop".to_owned()],
            releases: Vec::new(),
            rights,
            errors: Vec::new(),
            flags: ClusterFlags::default(),
        }
    }

    fn text(report: &RightsReport) -> String {
        let mut out = Vec::new();
        render(report, &TextOptions::PLAIN, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_table_begins_with_what_is_missing_and_ends_with_what_to_run() {
        let hostile = "a\n::error::x\u{1b}[2J";
        let report = report(vec![
            right(
                in_shop("monitoring.coreos.com", "servicemonitors"),
                &[Verb::Get, Verb::List],
                &["shop/a", "shop/b", "shop/c", "shop/d"],
            ),
            right(in_shop("apps", "deployments"), &[Verb::List], &["shop/web"]),
            right(
                RightTarget::Cluster {
                    resource: Resource::new("", hostile),
                },
                &[],
                &[hostile],
            ),
        ]);
        insta::assert_snapshot!("missing", text(&report));
    }

    #[test]
    fn with_all_rights_the_answer_depends_on_what_is_known() {
        let mut report = report(vec![right(in_shop("apps", "deployments"), &[], &["shop/web"])]);
        let last = |report: &RightsReport| text(report).lines().last().unwrap().to_owned();
        assert_eq!(
            last(&report),
            "allowed: system:serviceaccount:ops:driftline may read all that a scan needs (cluster prod)"
        );
        report.errors.push(ReportError {
            scope: "shop/web".to_owned(),
            message: "what it needs is not known".to_owned(),
        });
        assert!(last(&report).starts_with("incomplete: "), "{}", last(&report));
    }
}
