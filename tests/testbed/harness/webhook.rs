//! A mutating admission webhook that the API server really calls.
//!
//! One thread accepts, one answers each connection, over TLS on loopback. Plain threads and one request a connection:
//! the API server needs no more, and nothing has to be awaited while kubectl and Helm run in the foreground.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

use super::cluster::Cluster;

/// What a webhook does to an object: the operations of a JSON patch.
pub(crate) type Mutation = fn(&Value) -> Vec<Value>;

/// A webhook that sees the Deployments of one namespace. It goes away when dropped.
pub(crate) struct Webhook<'c> {
    cluster: &'c Cluster,
    name: String,
    address: SocketAddr,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<'c> Webhook<'c> {
    /// Starts the server, registers it and waits until the API server calls it.
    ///
    /// # Panics
    /// When it does not within half a minute, or when there is no `openssl`, which the testbed needs anyway.
    pub(crate) fn register(cluster: &'c Cluster, namespace: &str, mutation: Mutation) -> Self {
        Self::start(cluster, namespace, &["CREATE", "UPDATE"], mutation)
    }

    /// The same for a webhook that is not called when somebody changes what is there.
    ///
    /// # Panics
    /// As [`Self::register`].
    pub(crate) fn of_creations(cluster: &'c Cluster, namespace: &str, mutation: Mutation) -> Self {
        Self::start(cluster, namespace, &["CREATE"], mutation)
    }

    fn start(cluster: &'c Cluster, namespace: &str, operations: &[&str], mutation: Mutation) -> Self {
        let dir = tempfile::tempdir().expect("there is room for temporary files");
        let (config, authority) = identity(dir.path());
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has free ports");
        let address = listener.local_addr().expect("a bound socket has an address");
        let stopping = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stopping);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if is_over.load(Ordering::Relaxed) {
                    return;
                }
                let config = Arc::clone(&config);
                // A connection that breaks shows as an error of kubectl or Helm.
                thread::spawn(move || answer(config, stream, mutation));
            }
        });
        let webhook = Self {
            cluster,
            name: namespace.to_owned(),
            address,
            stopping,
            thread: Some(thread),
        };
        cluster.apply(&json!({
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": namespace},
            "webhooks": [{
                "name": "mutation.testbed.example",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": {"url": format!("https://{address}/"), "caBundle": STANDARD.encode(authority)},
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [{"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"],
                    "operations": operations}],
            }],
        }));
        webhook.wait(namespace, mutation);
        webhook
    }

    /// The API server learns of a registration a moment later.
    fn wait(&self, namespace: &str, mutation: Mutation) {
        let arguments = [
            "create",
            "deployment",
            "probe",
            "--image=registry.example.com/probe",
            "--dry-run=server",
            "-o=json",
            "-n",
            namespace,
        ];
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let answer: Value =
                serde_json::from_str(&self.cluster.kubectl(&arguments)).expect("kubectl prints JSON");
            // What has been through the webhook has nothing of this kind left to change.
            let is_image =
                |operation: &Value| operation["path"].as_str().is_some_and(|p| p.ends_with("/image"));
            if !mutation(&answer).iter().any(is_image) {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "the API server does not call the webhook"
            );
            thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Webhook<'_> {
    fn drop(&mut self) {
        // No assertion: the test may be failing already.
        let _ = self
            .cluster
            .try_kubectl(&["delete", "mutatingwebhookconfiguration", &self.name]);
        self.stopping.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// A certificate that is its own authority, made as the testbed makes its keys.
fn identity(dir: &Path) -> (Arc<ServerConfig>, Vec<u8>) {
    let (key, certificate) = (dir.join("key.pem"), dir.join("certificate.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=webhook",
        ])
        .args(["-addext", "subjectAltName=IP:127.0.0.1"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl can be run");
    assert!(
        made.status.success(),
        "openssl: {}",
        String::from_utf8_lossy(&made.stderr)
    );
    let mut authority = Vec::new();
    File::open(&certificate)
        .and_then(|mut file| file.read_to_end(&mut authority))
        .expect("openssl wrote a certificate");
    let chain = vec![CertificateDer::from_pem_slice(&authority).expect("the certificate is PEM")];
    let key = PrivateKeyDer::from_pem_file(&key).expect("the key is PEM");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .expect("the key fits the certificate");
    (Arc::new(config), authority)
}

/// Answers one review; `None` when the other side has gone.
fn answer(config: Arc<ServerConfig>, stream: TcpStream, mutation: Mutation) -> Option<()> {
    let connection = ServerConnection::new(config).ok()?;
    let mut stream = BufReader::new(StreamOwned::new(connection, stream));
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let line = line.trim_end().to_ascii_lowercase();
        if line.is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let review: Value = serde_json::from_slice(&body).ok()?;
    let request = &review["request"];
    let patch = Value::Array(mutation(&request["object"])).to_string();
    let answer = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "response": {"uid": request["uid"], "allowed": true, "patchType": "JSONPatch",
            "patch": STANDARD.encode(patch)},
    })
    .to_string();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        answer.len()
    );
    let stream = stream.get_mut();
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(answer.as_bytes()).ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}
