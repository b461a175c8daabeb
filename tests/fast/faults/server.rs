//! A fake API server on loopback: a handful of objects, and the faults on the way to them.
//!
//! It answers from what it holds, so that a test names only the fault. Real servers are the testbed's business; this
//! one breaks the protocol on demand, which they do not.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

/// A value that no output may show. It is in every Secret, in every error body and in the credentials.
pub(crate) const SECRET: &str = "hunter2";

/// The fault that replaces the answer to a request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// A status, with the body that an API server sends along.
    Status(u16),
    /// 429 and when to come back, in seconds.
    TooMany(u32),
    /// The answer comes too late.
    Slow(Duration),
    /// The connection closes after half of the answer.
    CutOff,
    /// 200 and another body.
    Body(String),
    /// An empty page, and one more after it, however often.
    Endless,
    /// A status and another body, of this type.
    Answer(u16, &'static str, &'static str),
    /// The cluster changes first: the object is added, or replaces the one at its place.
    Change(Stored),
}

/// An object in the fake cluster.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) plural: &'static str,
    pub(crate) body: Value,
}

impl Stored {
    fn text(&self, pointer: &str) -> Option<&str> {
        self.body.pointer(pointer)?.as_str()
    }

    fn collection(&self, namespace: Option<&str>) -> String {
        let within = namespace.map_or_else(String::new, |name| format!("/namespaces/{name}"));
        format!(
            "{}{within}/{}",
            api_path(self.text("/apiVersion").unwrap()),
            self.plural
        )
    }

    /// Where it is read by name.
    pub(crate) fn path(&self) -> String {
        let collection = self.collection(self.text("/metadata/namespace"));
        format!("{collection}/{}", self.text("/metadata/name").unwrap())
    }

    fn is_in(&self, collection: &str) -> bool {
        collection == self.collection(None) || collection == self.collection(self.text("/metadata/namespace"))
    }

    pub(crate) fn is_record(&self) -> bool {
        self.text("/type") == Some("helm.sh/release.v1")
    }
}

fn api_path(api_version: &str) -> String {
    let root = if api_version.contains('/') { "apis" } else { "api" };
    format!("/{root}/{api_version}")
}

struct Rule {
    path: String,
    query: &'static str,
    /// How many matching requests pass before.
    skip: usize,
    /// How many it applies to.
    times: usize,
    fault: Fault,
}

/// A kind that the server serves.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    pub(crate) api_version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
}

const fn served(
    api_version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
) -> Served {
    Served {
        api_version,
        kind,
        plural,
        namespaced,
    }
}

const KINDS: [Served; 7] = [
    served("v1", "ConfigMap", "configmaps", true),
    served("v1", "Secret", "secrets", true),
    served("v1", "Namespace", "namespaces", false),
    served("apps/v1", "Deployment", "deployments", true),
    served(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        "horizontalpodautoscalers",
        true,
    ),
    served("rbac.authorization.k8s.io/v1", "Role", "roles", true),
    served("stable.example.com/v1", "CronTab", "crontabs", true),
];

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Stored>,
    rules: Vec<Rule>,
    /// Groups and versions that discovery marks as stale.
    stale: Vec<&'static str>,
    /// Whether discovery is unaggregated, as before Kubernetes 1.26.
    old: bool,
    /// Writes empty lists as `null`.
    null_lists: bool,
    /// The largest page, whatever is asked for.
    page: Option<usize>,
    /// The rights that the account lacks, as reviews answer: verb, resource and namespace.
    denied: Vec<(&'static str, &'static str, Option<&'static str>)>,
    received: Vec<Received>,
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) accept: String,
    pub(crate) authorization: String,
    /// The request's body; null where there is none.
    pub(crate) body: Value,
}

impl Received {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }

    /// Whether it reads a collection.
    pub(crate) fn is_list(&self) -> bool {
        let last = self.path().rsplit('/').next().unwrap();
        KINDS.iter().any(|kind| kind.plural == last)
    }
}

/// The server. It stops when dropped.
pub(crate) struct Server {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
    runtime: Option<Runtime>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Server {
    pub(crate) fn start(objects: impl IntoIterator<Item = Stored>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            objects: objects
                .into_iter()
                .map(|object| (object.path(), object))
                .collect(),
            ..State::default()
        };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self {
            url,
            state,
            runtime: Some(runtime),
        }
    }

    fn with(self, change: impl FnOnce(&mut State)) -> Self {
        change(&mut self.state.lock().unwrap());
        self
    }

    /// Every request for the path fails with this fault. A `*` at the end stands for anything.
    pub(crate) fn always(self, path: &str, fault: Fault) -> Self {
        self.on(path, "", 0, usize::MAX, fault)
    }

    /// Requests for the path whose query holds the text fail with this fault: not the first `skip`, then that many.
    pub(crate) fn on(self, path: &str, query: &'static str, skip: usize, times: usize, fault: Fault) -> Self {
        let path = path.to_owned();
        self.with(|state| {
            state.rules.push(Rule {
                path,
                query,
                skip,
                times,
                fault,
            });
        })
    }

    pub(crate) fn stale(self, api_version: &'static str) -> Self {
        self.with(|state| state.stale.push(api_version))
    }

    pub(crate) fn old(self) -> Self {
        self.with(|state| state.old = true)
    }

    pub(crate) fn null_lists(self) -> Self {
        self.with(|state| state.null_lists = true)
    }

    pub(crate) fn pages_of(self, items: usize) -> Self {
        self.with(|state| state.page = Some(items))
    }

    /// The account lacks a right: in one namespace, or where none is given, in all of them.
    pub(crate) fn denying(
        self,
        verb: &'static str,
        resource: &'static str,
        namespace: Option<&'static str>,
    ) -> Self {
        self.with(|state| state.denied.push((verb, resource, namespace)))
    }

    /// Everything received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }

    /// How many requests for exactly this path have arrived.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.received()
            .iter()
            .filter(|request| request.path() == path)
            .count()
    }
}

async fn serve(mut stream: TcpStream, state: Arc<Mutex<State>>) {
    while let Some(request) = read(&mut stream).await {
        let (answer, fault) = {
            let mut state = state.lock().unwrap();
            state.received.push(request.clone());
            let fault = state.fault(&request);
            if let Some(Fault::Change(object)) = &fault {
                state.objects.insert(object.path(), object.clone());
            }
            (state.answer(&request), fault)
        };
        let (status, body) = answer.map_or_else(|| (404, error(404)), |body| (200, body.to_string()));
        let whole = |status, extra: &str, body: &str| http(status, extra, body, body.len());
        let bytes = match fault {
            None | Some(Fault::Change(_)) => whole(status, "", &body),
            Some(Fault::Status(status)) => whole(status, "", &error(status)),
            Some(Fault::TooMany(seconds)) => whole(429, &format!("Retry-After: {seconds}\r\n"), &error(429)),
            Some(Fault::Slow(wait)) => {
                tokio::time::sleep(wait).await;
                whole(status, "", &body)
            }
            Some(Fault::CutOff) => {
                let half = http(status, "", &body[..body.len() / 2], body.len());
                let _ = stream.write_all(half.as_bytes()).await;
                return;
            }
            Some(Fault::Body(body)) => whole(200, "", &body),
            Some(Fault::Endless) => {
                let token = state.lock().unwrap().received.len().to_string();
                let metadata = json!({"resourceVersion": "1", "continue": token});
                let page = json!({"kind": "List", "apiVersion": "v1", "metadata": metadata, "items": []});
                whole(200, "", &page.to_string())
            }
            Some(Fault::Answer(status, kind, body)) => {
                whole(status, "", body).replace("application/json", kind)
            }
        };
        // The other side may have had enough at any time, which is not this server's problem.
        if stream.write_all(bytes.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn http(status: u16, extra: &str, body: &str, length: usize) -> String {
    format!(
        "HTTP/1.1 {status} Status\r\n{extra}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// The body of a refusal, as an API server writes it.
fn error(code: u16) -> String {
    let reason = match code {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "NotFound",
        410 => "Expired",
        429 => "TooManyRequests",
        503 => "ServiceUnavailable",
        _ => "InternalError",
    };
    json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
           "message": format!("a body may quote {SECRET}")})
    .to_string()
}

impl State {
    fn fault(&mut self, request: &Received) -> Option<Fault> {
        for rule in &mut self.rules {
            let is_path = match rule.path.strip_suffix('*') {
                Some(prefix) => request.path().starts_with(prefix),
                None => request.path() == rule.path,
            };
            if !is_path || !request.target.contains(rule.query) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.times > 0 {
                rule.times -= 1;
                return Some(rule.fault.clone());
            }
        }
        None
    }

    fn answer(&self, request: &Received) -> Option<Value> {
        // A dry run that creates something, as if nothing had the name.
        if request.method == "POST" && request.target.contains("dryRun=All") {
            return Some(request.body.clone());
        }
        let aggregated = !self.old && request.accept.contains("apidiscovery.k8s.io");
        match request.path() {
            "/apis/authentication.k8s.io/v1/selfsubjectreviews" => Some(json!({
                "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
                "status": {"userInfo": {"username": "system:serviceaccount:ops:driftline"}}})),
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
                Some(self.review("SelfSubjectAccessReview", &request.body))
            }
            "/apis/authorization.k8s.io/v1/subjectaccessreviews" => {
                Some(self.review("SubjectAccessReview", &request.body))
            }
            "/api" | "/apis" if aggregated => Some(self.aggregated(request.path() == "/api")),
            // Without an API version, unlike every other answer.
            "/api" => Some(json!({"kind": "APIVersions", "versions": ["v1"]})),
            "/apis" => {
                let versions = api_versions().filter(|version| *version != "v1");
                let groups: Vec<Value> = versions
                    .map(|version| {
                        let name = version.split('/').next();
                        json!({"name": name, "versions": [{"groupVersion": version}]})
                    })
                    .collect();
                Some(json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}))
            }
            "/openapi/v3/apis/stable.example.com/v1" => Some(schema()),
            path if request.is_list() => Some(self.list(path, request)),
            path => {
                let resources = api_versions().find(|version| path == api_path(version));
                match resources {
                    Some(api_version) => Some(self.resources(api_version)),
                    None => self.objects.get(path).map(|object| {
                        let mut body = object.body.clone();
                        if request.method == "PATCH" {
                            // Close enough to an apply for what is in here.
                            json_patch::merge(&mut body, &request.body);
                        }
                        body
                    }),
                }
            }
        }
    }

    /// The answer whether an account has a right.
    fn review(&self, kind: &str, question: &Value) -> Value {
        let attributes = &question["spec"]["resourceAttributes"];
        let is_denied = self.denied.iter().any(|(verb, resource, namespace)| {
            let place = attributes["namespace"].as_str().unwrap_or_default();
            let is_place = match namespace {
                Some(namespace) => place == *namespace || place.is_empty(),
                None => true,
            };
            attributes["verb"] == *verb && attributes["resource"] == *resource && is_place
        });
        json!({"kind": kind, "apiVersion": "authorization.k8s.io/v1", "status": {"allowed": !is_denied}})
    }

    fn aggregated(&self, core: bool) -> Value {
        let items: Vec<Value> = api_versions()
            .filter(|version| core == (*version == "v1"))
            .map(|api_version| {
                let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
                if self.stale.contains(&api_version) {
                    let stale = json!({"version": version, "freshness": "Stale", "resources": null});
                    return json!({"metadata": {"name": group}, "versions": [stale]});
                }
                let resources: Vec<Value> = of(api_version)
                    .map(|kind| {
                        let scope = if kind.namespaced { "Namespaced" } else { "Cluster" };
                        json!({"resource": kind.plural, "responseKind": {"kind": kind.kind}, "scope": scope,
                               "verbs": ["get", "list"]})
                    })
                    .collect();
                let version = json!({"version": version, "freshness": "Current", "resources": resources});
                json!({"metadata": {"name": group}, "versions": [version]})
            })
            .collect();
        json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {},
               "items": items})
    }

    fn resources(&self, api_version: &str) -> Value {
        let resources: Vec<Value> = of(api_version)
            .map(|kind| {
                json!({"name": kind.plural, "kind": kind.kind, "namespaced": kind.namespaced,
                       "verbs": ["get", "list"]})
            })
            .collect();
        if self.null_lists && resources.iter().all(|kind| kind["kind"] == "CronTab") {
            return json!({"kind": "APIResourceList", "groupVersion": api_version, "resources": null});
        }
        json!({"kind": "APIResourceList", "groupVersion": api_version, "resources": resources})
    }

    fn list(&self, path: &str, request: &Received) -> Value {
        let query: BTreeMap<&str, &str> = request
            .target
            .split_once('?')
            .map_or("", |(_, query)| query)
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let records = match query.get("fieldSelector").copied() {
            Some("type%3Dhelm.sh%2Frelease.v1") => Some(true),
            Some("type%21%3Dhelm.sh%2Frelease.v1") => Some(false),
            _ => None,
        };
        let labels = query.get("labelSelector").copied().unwrap_or_default();
        let owner = |object: &Stored| {
            let label = |name: &str| object.text(&format!("/metadata/labels/{name}"));
            if labels == "app.kubernetes.io%2Fmanaged-by%3DHelm" {
                return label("app.kubernetes.io~1managed-by") == Some("Helm");
            }
            let is_met = |term: &str| match (term.split_once("%21%3D"), term.split_once("%3D")) {
                (Some((name, value)), _) => label(name) != Some(value),
                (None, Some((name, value))) => label(name) == Some(value),
                (None, None) => true,
            };
            !labels.starts_with("owner%3Dhelm") || labels.split("%2C").all(is_met)
        };
        let items: Vec<&Value> = self
            .objects
            .values()
            .filter(|object| object.is_in(path) && owner(object))
            .filter(|object| records.is_none_or(|records| records == object.is_record()))
            .map(|object| &object.body)
            .collect();
        let limit = query["limit"].parse().unwrap_or(usize::MAX);
        let limit = self.page.unwrap_or(limit).min(limit);
        // A token of another server's list is followed by nothing.
        let from = match query.get("continue") {
            Some(token) => token
                .parse()
                .map_or(items.len(), |from: usize| from.min(items.len())),
            None => 0,
        };
        let to = (from + limit).min(items.len());
        let mut metadata = json!({"resourceVersion": "1"});
        if to < items.len() {
            metadata["continue"] = json!(to.to_string());
            metadata["remainingItemCount"] = json!(items.len() - to);
        }
        let item = ItemType::of(path, request);
        let page: Vec<Value> = items[from..to].iter().map(|body| item.written(body)).collect();
        let mut list = json!({"kind": format!("{}List", item.kind), "apiVersion": item.api_version,
                              "metadata": metadata, "items": page});
        if self.null_lists && from == to {
            list["items"] = Value::Null;
        }
        list
    }
}

/// The type of a list's items, and how they are written.
struct ItemType {
    kind: &'static str,
    api_version: &'static str,
    /// Whether each item names its type; items of built-in types do not.
    named: bool,
}

impl ItemType {
    fn of(path: &str, request: &Received) -> Self {
        if request.accept.contains("as=PartialObjectMetadataList") {
            return Self {
                kind: "PartialObjectMetadata",
                api_version: "meta.k8s.io/v1",
                named: true,
            };
        }
        let plural = path.rsplit('/').next().unwrap();
        let served = KINDS.iter().find(|kind| kind.plural == plural).unwrap();
        Self {
            kind: served.kind,
            api_version: served.api_version,
            named: served.kind == "CronTab",
        }
    }

    fn written(&self, body: &Value) -> Value {
        let mut item = body.clone();
        let fields = item.as_object_mut().unwrap();
        if self.named {
            fields.insert("kind".to_owned(), json!(self.kind));
            fields.insert("apiVersion".to_owned(), json!(self.api_version));
        } else {
            fields.remove("kind");
            fields.remove("apiVersion");
        }
        item
    }
}

/// The schema of the server's custom resource.
fn schema() -> Value {
    let spec = json!({"type": "object", "properties": {"image": {"type": "string"}}});
    let gvk = json!([{"group": "stable.example.com", "version": "v1", "kind": "CronTab"}]);
    let kind =
        json!({"type": "object", "properties": {"spec": spec}, "x-kubernetes-group-version-kind": gvk});
    json!({"openapi": "3.0.0", "components": {"schemas": {"com.example.stable.v1.CronTab": kind}}})
}

fn of(api_version: &str) -> impl Iterator<Item = Served> {
    KINDS
        .into_iter()
        .filter(move |kind| kind.api_version == api_version)
}

fn api_versions() -> impl Iterator<Item = &'static str> {
    [
        "v1",
        "apps/v1",
        "autoscaling/v2",
        "rbac.authorization.k8s.io/v1",
        "stable.example.com/v1",
    ]
    .into_iter()
}

/// Reads one request; `None` when the connection closes before it is whole.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let header = |wanted: &str| {
        let mut headers = head.split("\r\n").filter_map(|line| line.split_once(": "));
        headers
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map_or_else(String::new, |(_, value)| value.to_owned())
    };
    let length: usize = header("content-length").parse().unwrap_or(0);
    while bytes.len() < end + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let mut request = head.lines().next()?.split(' ');
    Some(Received {
        method: request.next()?.to_owned(),
        target: request.next()?.to_owned(),
        accept: header("accept"),
        authorization: header("authorization"),
        body: serde_json::from_slice(&bytes[end..]).unwrap_or_default(),
    })
}
