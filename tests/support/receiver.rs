//! A small HTTP server on loopback that gives prepared replies and keeps the requests that it received.
//!
//! It speaks just enough HTTP/1.1 for one request per connection, and can break the protocol where a mock library
//! would not: no answer at all, an answer that stops half way, one that never ends.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the server does with one request.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    /// A status and a body.
    Answer(u16, &'static str),
    /// A status, a header and a body.
    WithHeader(u16, &'static str, &'static str),
    /// A redirect to a path of the same server.
    Redirect(&'static str),
    /// Nothing for a while, then 200.
    Slow(Duration),
    /// The connection closes without a byte.
    HangUp,
    /// A status, and a body that ends before its announced length.
    CutOff(u16),
    /// A status and a body without end.
    Endless(u16),
    /// 200 with a body that depends on the request.
    Computed(Computed),
}

/// What a server makes of a request.
#[derive(Clone)]
pub(crate) struct Computed(Arc<dyn Fn(&Received) -> String + Send + Sync>);

impl Computed {
    pub(crate) fn new(answer: impl Fn(&Received) -> String + Send + Sync + 'static) -> Self {
        Self(Arc::new(answer))
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Computed")
    }
}

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// The server. It stops when dropped.
pub(crate) struct Receiver {
    address: String,
    received: Arc<Mutex<Vec<Received>>>,
    task: JoinHandle<()>,
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Receiver {
    /// Answers requests in the order of the replies; the last one also answers all that follow.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let mut replies: VecDeque<Reply> = replies.into_iter().collect();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let reply = if replies.len() > 1 {
                    replies.pop_front()
                } else {
                    replies.front().cloned()
                };
                tokio::spawn(serve(stream, reply.unwrap(), Arc::clone(&log)));
            }
        });
        Self {
            address,
            received,
            task,
        }
    }

    /// The address of a path on this server.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// An address on which nothing listens.
pub(crate) async fn refused(path: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}{path}", listener.local_addr().unwrap())
}

async fn serve(mut stream: TcpStream, reply: Reply, log: Arc<Mutex<Vec<Received>>>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(request.clone());
    let answer = |status: u16, extra: &str, body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 {status} Status\r\n{extra}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let bytes = match reply {
        Reply::Answer(status, body) => answer(status, "", body),
        Reply::WithHeader(status, header, body) => answer(status, &format!("{header}\r\n"), body),
        Reply::Computed(Computed(ref computed)) => answer(200, "", &computed(&request)),
        Reply::Redirect(path) => answer(302, &format!("Location: {path}\r\n"), ""),
        Reply::Slow(wait) => {
            tokio::time::sleep(wait).await;
            answer(200, "", "ok")
        }
        Reply::HangUp => String::new(),
        Reply::CutOff(status) => format!("HTTP/1.1 {status} Status\r\nContent-Length: 1000\r\n\r\no"),
        Reply::Endless(status) => format!("HTTP/1.1 {status} Status\r\nConnection: close\r\n\r\n"),
    };
    // The other side may have had enough at any time, which is not this server's problem.
    let _ = stream.write_all(bytes.as_bytes()).await;
    if matches!(reply, Reply::Endless(_)) {
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    }
    let _ = stream.shutdown().await;
}

/// The first byte that a client sends which speaks TLS.
const TLS_HANDSHAKE: u8 = 0x16;

/// Reads one request; `None` when the connection closes before it is whole.
async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        if bytes[0] == TLS_HANDSHAKE {
            let _ = stream.write_all(b"HTTP/1.1 400 Status\r\n\r\n").await;
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut request = lines.next()?.split(' ');
    let (method, path) = (request.next()?.to_owned(), request.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut received = Received {
        method,
        path,
        headers,
        body: bytes[end + 4..].to_vec(),
    };
    // A request without a body has no length.
    let length = received.header("content-length").unwrap_or("0").parse().ok()?;
    while received.body.len() < length {
        if stream.read_buf(&mut received.body).await.ok()? == 0 {
            return None;
        }
    }
    Some(received)
}
