//! What to do with the objects of a release that has no record: look, adopt, or save and delete.

use super::advice::{Commands, Contested, delete_object, save_object};
use super::losses::loss;
use super::steps::advise;
use crate::model::{Advice, OrphanedObject};
use crate::object::{Gvk, ObjectKey};
use crate::release::stored::ReleaseKey;
use crate::vocabulary::{ApplyMethod, count};

/// For how many objects of one release commands are printed.
const ADVISED: usize = 10;

/// The end of a release of which objects are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseEnd {
    /// There is no record of it.
    Forgotten,
    /// It was uninstalled, and its history was kept up to this revision.
    Uninstalled(u64),
}

/// The commands about the objects of a release, safest first, and what a reader should know besides.
pub fn advice(
    release: &ReleaseKey,
    end: ReleaseEnd,
    objects: &[OrphanedObject],
) -> (Vec<Advice>, Vec<String>) {
    let commands = Commands {
        key: release,
        method: ApplyMethod::Csa,
        contested: Contested::No,
    };
    let keys: Vec<ObjectKey> = objects.iter().take(ADVISED).map(key).collect();
    let mut steps = match end {
        ReleaseEnd::Forgotten => vec![commands.find_records(), commands.try_installation()],
        ReleaseEnd::Uninstalled(_) => vec![commands.history()],
    };
    steps.extend(keys.iter().map(save_object));
    steps.push(match end {
        ReleaseEnd::Forgotten => commands.adopt(),
        ReleaseEnd::Uninstalled(revision) => commands.revive(revision),
    });
    for (key, object) in keys.iter().zip(objects) {
        let why = if object.kept_by_policy {
            "only if nobody needs it any more: its annotation asked Helm to keep it"
        } else {
            "only if nobody needs it any more"
        };
        steps.push(delete_object(key, why, loss(&object.kind)));
    }
    let (advice, mut evidence) = advise(steps);
    if let Some(others) = objects.len().checked_sub(ADVISED).filter(|others| *others > 0) {
        evidence.push(format!(
            "no command is printed for {}",
            count(others, "more object")
        ));
    }
    (advice, evidence)
}

fn key(object: &OrphanedObject) -> ObjectKey {
    ObjectKey {
        gvk: Gvk::new(&object.api_version, &object.kind),
        namespace: object.namespace.clone(),
        name: object.name.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::release::stored::Driver;

    fn object(name: &str) -> OrphanedObject {
        OrphanedObject {
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
            created_at: None,
            deleting_since: None,
            kept_by_policy: false,
        }
    }

    fn release() -> ReleaseKey {
        ReleaseKey {
            namespace: "shop".to_owned(),
            name: "web".to_owned(),
            driver: Driver::Secret,
        }
    }

    #[test]
    fn what_reads_comes_first_and_what_deletes_last() {
        let (advice, evidence) = advice(&release(), ReleaseEnd::Forgotten, &[object("kept")]);
        let commands: Vec<(&str, bool)> = advice
            .iter()
            .map(|advice| (advice.command.as_str(), advice.destructive))
            .collect();
        assert_eq!(
            commands,
            [
                ("kubectl get secrets,configmaps -A -l owner=helm,name=web", false),
                ("helm install web '<chart>' --dry-run=server -n shop", false),
                (
                    "kubectl get configmap kept -n shop -o yaml > configmap-kept.yaml",
                    false
                ),
                ("helm install web '<chart>' -n shop", true),
                ("kubectl delete configmap kept -n shop", true),
            ]
        );
        assert_eq!(evidence, Vec::<String>::new());
        let (advice, _) = super::advice(&release(), ReleaseEnd::Uninstalled(3), &[]);
        let last = advice.last().map(|advice| advice.command.as_str());
        assert_eq!(last, Some("helm rollback web 3 -n shop"));
    }

    #[test]
    fn many_objects_have_commands_for_some_and_a_sentence_for_the_rest() {
        let objects: Vec<OrphanedObject> = (0..12).map(|number| object(&format!("c{number}"))).collect();
        let (advice, evidence) = advice(&release(), ReleaseEnd::Forgotten, &objects);
        assert_eq!(advice.len(), 3 + 2 * ADVISED);
        assert_eq!(evidence, ["no command is printed for 2 more objects"]);
    }
}
