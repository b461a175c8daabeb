//! Whether an object is ready, by its own status.
//!
//! The kinds that Helm waits for, by its rules (Helm: `pkg/kube/ready.go`, `ReadyChecker.IsReady`), as far as the object
//! itself tells: Helm looks at `ReplicaSet`s and Pods as well. Of other kinds, custom resources among them, the
//! condition `Ready` counts where there is one, as kstatus has it (cli-utils: `pkg/kstatus/status/generic.go`).

use serde_json::Value;

/// Why an object is not ready, in a few words; `None` where it is, or where its kind has nothing to wait for.
pub fn unready(kind: &str, live: &Value) -> Option<String> {
    let status = &live["status"];
    if is_behind(live) {
        return Some("its controller has not observed the latest change".to_owned());
    }
    let count = |name: &str| status[name].as_i64().unwrap_or(0);
    match kind {
        "Deployment" => {
            if live["spec"]["paused"] == true {
                return Some("its rollout is paused".to_owned());
            }
            if let Some(reason) = condition(status, "Progressing", "False") {
                return Some(reason);
            }
            let wanted = live["spec"]["replicas"].as_i64().unwrap_or(1);
            missing_replicas(count("updatedReplicas").min(count("availableReplicas")), wanted)
        }
        "StatefulSet" => {
            let wanted = live["spec"]["replicas"].as_i64().unwrap_or(1);
            if live["spec"]["updateStrategy"]["type"] == "OnDelete" {
                return None;
            }
            let partition = live["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_i64();
            let updated = count("updatedReplicas") + partition.unwrap_or(0);
            missing_replicas(updated.min(count("readyReplicas")), wanted)
        }
        "DaemonSet" => {
            if live["spec"]["updateStrategy"]["type"] == "OnDelete" {
                return None;
            }
            let wanted = count("desiredNumberScheduled");
            missing_replicas(count("updatedNumberScheduled").min(count("numberReady")), wanted)
        }
        "ReplicaSet" | "ReplicationController" => missing_replicas(
            count("readyReplicas"),
            live["spec"]["replicas"].as_i64().unwrap_or(1),
        ),
        "Job" => unready_job(live),
        "Pod" => unready_pod(live),
        "PersistentVolumeClaim" if status["phase"] != "Bound" => Some(format!(
            "it is {}",
            status["phase"].as_str().unwrap_or("pending").to_lowercase()
        )),
        "Service" => {
            let is_balanced = live["spec"]["type"] == "LoadBalancer";
            let has_address = status["loadBalancer"]["ingress"]
                .as_array()
                .or(live["spec"]["externalIPs"].as_array())
                .is_some_and(|addresses| !addresses.is_empty());
            (is_balanced && !has_address).then(|| "its load balancer has no address yet".to_owned())
        }
        "CustomResourceDefinition" => unmet_condition(status, "Established"),
        "APIService" => unmet_condition(status, "Available"),
        "PersistentVolumeClaim" => None,
        _ => condition(status, "Ready", "False"),
    }
}

/// The state of a Job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobState {
    /// It is not finished.
    Running,
    /// It completed.
    Complete,
    /// It failed, and will not be tried again.
    Failed,
}

/// The state of a Job, or of a Pod, which as a hook does the work of a Job.
pub fn job_state(kind: &str, live: &Value) -> Option<JobState> {
    let status = &live["status"];
    let is = |name: &str| {
        let conditions = status["conditions"].as_array().into_iter().flatten();
        conditions
            .into_iter()
            .any(|condition| condition["type"] == name && condition["status"] == "True")
    };
    match kind {
        "Job" if is("Complete") || is("SuccessCriteriaMet") => Some(JobState::Complete),
        "Job" if is("Failed") || is("FailureTarget") => Some(JobState::Failed),
        "Job" => Some(JobState::Running),
        "Pod" => Some(match status["phase"].as_str() {
            Some("Succeeded") => JobState::Complete,
            Some("Failed") => JobState::Failed,
            _ => JobState::Running,
        }),
        _ => None,
    }
}

fn is_behind(live: &Value) -> bool {
    let generation = live["metadata"]["generation"].as_i64();
    let observed = live["status"]["observedGeneration"].as_i64();
    matches!((generation, observed), (Some(generation), Some(observed)) if observed < generation)
}

fn missing_replicas(ready: i64, wanted: i64) -> Option<String> {
    (ready < wanted).then(|| match wanted {
        1 => "its only replica is not ready".to_owned(),
        _ => format!("{} of {wanted} replicas are ready", ready.max(0)),
    })
}

fn unready_job(live: &Value) -> Option<String> {
    match job_state("Job", live)? {
        JobState::Complete => None,
        JobState::Running if live["spec"]["suspend"] == true => Some("it is suspended".to_owned()),
        JobState::Running => Some("it is still running".to_owned()),
        JobState::Failed => Some("it failed".to_owned()),
    }
}

fn unready_pod(live: &Value) -> Option<String> {
    if job_state("Pod", live) == Some(JobState::Complete) {
        return None;
    }
    let is_ready = condition(&live["status"], "Ready", "True").is_some();
    let phase = live["status"]["phase"]
        .as_str()
        .unwrap_or("Pending")
        .to_lowercase();
    (!is_ready).then(|| format!("it is {phase} and not ready"))
}

/// A condition that is not true, with its reason.
fn unmet_condition(status: &Value, name: &str) -> Option<String> {
    if condition(status, name, "True").is_some() {
        return None;
    }
    Some(condition(status, name, "False").unwrap_or_else(|| format!("it is not {} yet", name.to_lowercase())))
}

/// A condition of this name and status, in words. Messages are left out: they may quote anything.
fn condition(status: &Value, name: &str, is: &str) -> Option<String> {
    let conditions = status["conditions"].as_array()?;
    let found = conditions
        .iter()
        .find(|condition| condition["type"] == name && condition["status"] == is)?;
    Some(match found["reason"].as_str() {
        Some(reason) if !reason.is_empty() => format!("{name} is {is}: {reason}"),
        Some(_) | None => format!("{name} is {is}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn objects_are_not_ready_for_these_reasons() {
        let condition = |name: &str, status: &str, reason: &str| json!({"conditions": [{"type": name, "status": status, "reason": reason}]});
        let rows = [
            (
                "Deployment",
                json!({"spec": {"replicas": 3}, "status": {"updatedReplicas": 3, "availableReplicas": 1}}),
                Some("1 of 3 replicas are ready"),
            ),
            ("Deployment", json!({"spec": {"replicas": 0}, "status": {}}), None),
            (
                "Deployment",
                json!({"metadata": {"generation": 3}, "spec": {}, "status": {"observedGeneration": 2}}),
                Some("its controller has not observed the latest change"),
            ),
            (
                "Deployment",
                json!({"spec": {}, "status": condition("Progressing", "False", "ProgressDeadlineExceeded")}),
                Some("Progressing is False: ProgressDeadlineExceeded"),
            ),
            (
                "StatefulSet",
                json!({"spec": {"replicas": 2}, "status": {"readyReplicas": 2, "updatedReplicas": 1}}),
                Some("1 of 2 replicas are ready"),
            ),
            (
                "StatefulSet",
                json!({"spec": {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
                       "status": {"readyReplicas": 2, "updatedReplicas": 1}}),
                None,
            ),
            (
                "DaemonSet",
                json!({"status": {"desiredNumberScheduled": 0}}),
                None,
            ),
            (
                "Job",
                json!({"status": {"active": 1}}),
                Some("it is still running"),
            ),
            ("Job", json!({"status": condition("Complete", "True", "")}), None),
            (
                "Job",
                json!({"status": condition("Failed", "True", "")}),
                Some("it failed"),
            ),
            ("Pod", json!({"status": {"phase": "Succeeded"}}), None),
            (
                "Pod",
                json!({"status": {"phase": "Pending"}}),
                Some("it is pending and not ready"),
            ),
            (
                "PersistentVolumeClaim",
                json!({"status": {"phase": "Pending"}}),
                Some("it is pending"),
            ),
            (
                "PersistentVolumeClaim",
                json!({"status": {"phase": "Bound"}}),
                None,
            ),
            ("ConfigMap", json!({}), None),
            (
                "Service",
                json!({"spec": {"type": "LoadBalancer"}}),
                Some("its load balancer has no address yet"),
            ),
            ("Service", json!({"spec": {"type": "ClusterIP"}}), None),
            (
                "CustomResourceDefinition",
                json!({"status": condition("Established", "False", "NotAccepted")}),
                Some("Established is False: NotAccepted"),
            ),
            ("APIService", json!({}), Some("it is not available yet")),
            (
                "Certificate",
                json!({"status": condition("Ready", "False", "Issuing")}),
                Some("Ready is False: Issuing"),
            ),
            (
                "Certificate",
                json!({"status": condition("Ready", "True", "")}),
                None,
            ),
        ];
        for (kind, live, reason) in rows {
            assert_eq!(unready(kind, &live).as_deref(), reason, "{kind} {live}");
        }
    }
}
