//! The rights of an account beside those that the releases need.
//!
//! The needs are those of a real scan ([`crate::scan::needs`]). For each, the API server is asked whether the account has
//! the right; its own authorizers answer, so that RBAC, webhooks and cloud providers all count. Nothing is tried out.

mod needed;

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt};

use self::needed::{Need, needed};
pub use self::needed::{PlannedScan, Previews};
use crate::cluster::{Asked, Cluster};
use crate::model::ReportError;
use crate::model::rights::{Account, NeededRight, RIGHTS_SCHEMA, RightTarget, RightsReport, Verb};
use crate::model::{Cluster as ClusterIdentity, Tool};
use crate::scan::Needs;
use crate::source::{ReadError, Source};

/// How many questions are asked at most. A cluster with a hundred kinds in use has a few hundred.
const MAX_QUESTIONS: usize = 10_000;

/// How many questions wait for their answers at once. The client has a limit of its own below this.
const AT_ONCE: usize = 16;

/// A verb and what it is about.
type Question = (Verb, RightTarget);

/// The answers so far.
type Answers = BTreeMap<Question, bool>;

/// Compares the rights of an account with those that a scan needs. Without a given account it is the own one.
pub async fn report(
    cluster: &Cluster,
    needs: Needs,
    scan: &PlannedScan,
    given: Option<Account>,
) -> Result<RightsReport, ReadError> {
    let account = match given.clone() {
        Some(account) => Some(account),
        None => cluster.account().await?,
    };
    let asked = given.as_ref().map_or(Asked::Oneself, Asked::Other);
    let mut wanted = needed(&needs, scan);
    let mut errors = needs.errors;
    if limit(&mut wanted) {
        errors.push(ReportError {
            scope: "rights".to_owned(),
            message: format!("not all rights are listed: they are more than {MAX_QUESTIONS}"),
        });
    }
    let mut answers = Answers::new();
    ask(
        cluster,
        asked,
        wanted.iter().flat_map(Need::questions),
        &mut answers,
    )
    .await?;
    // Who may not read a resource in all namespaces may still read it in those that matter.
    let closer = wanted.iter().flat_map(|need| need.closer_questions(&answers));
    let closer: Vec<Question> = closer.take(MAX_QUESTIONS).collect();
    ask(cluster, asked, closer, &mut answers).await?;
    let mut rights: Vec<NeededRight> = wanted.into_iter().map(|need| need.right(&answers)).collect();
    rights.sort_by(|one, other| {
        let order = |right: &NeededRight| (right.missing.is_empty(), right.purpose);
        order(one).cmp(&order(other)).then_with(|| one.cmp(other))
    });
    Ok(RightsReport {
        schema: RIGHTS_SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        cluster: identity(cluster),
        account,
        is_own_account: given.is_none(),
        namespaces: needs.namespaces,
        releases: scan.releases.clone(),
        rights,
        errors,
        flags: scan.flags.clone(),
    })
}

fn identity(cluster: &Cluster) -> ClusterIdentity {
    Source::cluster(cluster)
}

/// Keeps as many needs as can be asked about, and returns whether there were more.
fn limit(wanted: &mut Vec<Need>) -> bool {
    let mut questions = 0;
    let fitting = wanted.iter().take_while(|need| {
        questions += need.questions().count();
        questions <= MAX_QUESTIONS
    });
    let fitting = fitting.count();
    let is_cut = fitting < wanted.len();
    wanted.truncate(fitting);
    is_cut
}

/// Asks every question once.
async fn ask(
    cluster: &Cluster,
    asked: Asked<'_>,
    questions: impl IntoIterator<Item = Question>,
    answers: &mut Answers,
) -> Result<(), ReadError> {
    let open: BTreeSet<Question> = questions
        .into_iter()
        .filter(|question| !answers.contains_key(question))
        .collect();
    let asking = open.into_iter().map(|(verb, target)| async move {
        let allowed = cluster.is_allowed(asked, verb, &target).await?;
        Ok(((verb, target), allowed))
    });
    let answered: Vec<(Question, bool)> = futures::stream::iter(asking)
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    answers.extend(answered);
    Ok(())
}
