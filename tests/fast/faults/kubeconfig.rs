//! Kubeconfigs from somebody else: whatever they hold, one sentence in time, no panic, and no credentials anywhere.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use super::server::{SECRET, Server};
use super::world::{Home, shop};
use crate::support::program::Ran;
use crate::support::receiver::{Receiver, Reply};

const SERVER: &str = "http://127.0.0.1:1";

/// Scans with a kubeconfig, which has to be refused with this sentence.
fn refused(home: &Home, kubeconfig: &str, expected: &str) -> Ran {
    let run = home.run(&["scan", "--kubeconfig", kubeconfig, "-vvv", "--timeout", "20s"]);
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    assert_eq!(run.stdout, "");
    assert!(run.sentence().contains(expected), "{expected}: {}", run.stderr);
    run
}

/// A program that runs this script.
fn program(home: &Home, name: &str, script: &str) -> String {
    home.program(name, &format!("#!/bin/sh\n{script}\n"))
}

fn plugin(command: &str) -> Value {
    json!({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command,
                    "interactiveMode": "IfAvailable", "provideClusterInfo": true,
                    "env": [{"name": "ASKED", "value": "yes"}]}})
}

/// A script that prints an `ExecCredential` with this status.
fn prints(status: &Value) -> String {
    let credential =
        json!({"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": status});
    format!("cat <<'END'\n{credential}\nEND")
}

#[test]
fn a_token_that_no_header_can_hold_is_one_sentence() {
    let home = Home::new();
    let no_header = "has a line break or another character that no HTTP header can hold";
    let broken = home.file("token", "hunter2\nhunter2");
    let binary = home.path().join("binary");
    std::fs::write(&binary, b"hunter2\xff").unwrap();
    let expiring = json!({"token": "hunter2\n", "expirationTimestamp": "2999-01-01T00:00:00Z"});
    for (user, expected) in [
        (json!({"token": "hunter2\n"}), no_header),
        (json!({"token": "hunter2\r\nX-Evil: hunter2"}), no_header),
        (json!({"token": "hunter2\u{1}"}), no_header),
        (json!({"tokenFile": broken}), no_header),
        (json!({"tokenFile": binary}), no_header),
        (json!({"tokenFile": home.file("empty", " \n")}), "is empty"),
        (json!({"tokenFile": "/dev/zero"}), "it is larger than 64 KiB"),
        (json!({"tokenFile": home.path()}), "cannot be read"),
        (
            plugin(&program(
                &home,
                "plugin",
                &prints(&json!({"token": "hunter2\nhunter2"})),
            )),
            no_header,
        ),
        (plugin(&program(&home, "expiring", &prints(&expiring))), no_header),
        (
            json!({"token": "x", "as": "hunter2\n"}),
            "`as` of its user has a line break",
        ),
        (
            json!({"token": "x", "as-uid": "hunter2\n"}),
            "`as-uid` of its user",
        ),
        (
            json!({"token": "x", "as": "me", "as-groups": ["a", "hunter2\n"]}),
            "`as-groups`",
        ),
        (
            json!({"token": "x", "as": "me", "as-user-extra": {"hunter2\n": ["hunter2\n"]}}),
            "`as-user-extra`",
        ),
    ] {
        refused(&home, &home.kubeconfig(SERVER, &user), expected);
    }
}

#[test]
fn white_space_around_the_token_in_a_file_is_no_part_of_it() {
    let (home, server) = (Home::new(), Server::start(shop()));
    let file = home.file("token", "\n hunter2 \r\n");
    for user in [
        json!({"tokenFile": file}),
        json!({"token": "", "tokenFile": file}),
        json!({"username": "me\u{fc}\n:", "password": "hunter2\n\u{1}"}),
    ] {
        let kubeconfig = home.kubeconfig(&server.url, &user);
        let run = home.run(&["scan", "--kubeconfig", &kubeconfig]);
        assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    }
    let sent: Vec<_> = server
        .received()
        .iter()
        .map(|request| request.authorization.clone())
        .collect();
    assert!(sent.contains(&"Bearer hunter2".to_owned()), "{sent:?}");
    assert!(
        sent.iter()
            .all(|header| header == "Bearer hunter2" || header.starts_with("Basic ")),
        "{sent:?}"
    );
}

#[test]
fn files_of_any_content_and_size_are_one_sentence() {
    let home = Home::new();
    let file = |bytes: &[u8]| {
        let path = home.path().join("hostile");
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    refused(&home, &file(b"\xff\xfeh"), "it is neither UTF-8 nor UTF-16");
    refused(
        &home,
        &file(b"\xfe\xff\xd8\x00"),
        "it is neither UTF-8 nor UTF-16",
    );
    refused(&home, &file(b"hunter2\xff"), "it is neither UTF-8 nor UTF-16");
    refused(
        &home,
        &file("[".repeat(200_000).as_bytes()),
        "not a valid kubeconfig",
    );
    refused(
        &home,
        &file("clusters: &a [*a]".as_bytes()),
        "not a valid kubeconfig",
    );
    refused(&home, &file(b"\xef\xbb\xbf"), "it has no contexts");
    let large = home.path().join("large");
    std::fs::File::create(&large).unwrap().set_len(100 << 20).unwrap();
    refused(&home, large.to_str().unwrap(), "it is larger than 4096 KiB");
    refused(&home, "/dev/zero", "it is larger than 4096 KiB");
    refused(&home, home.path().to_str().unwrap(), "cannot be read");
    let text = std::fs::read_to_string(home.kubeconfig(SERVER, &json!({}))).unwrap();
    let utf16: Vec<u8> = "\u{feff}"
        .encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    let run = home.run(&["scan", "--kubeconfig", &file(&utf16), "-o", "json"]);
    assert!(
        run.errors()[0].1.contains("cannot reach the API server"),
        "{}",
        run.stdout
    );
}

#[test]
fn broken_certificates_are_not_quoted() {
    let home = Home::new();
    let broken = home.file(
        "broken.pem",
        "-----BEGIN hunter2\nhunter2\n-----END hunter2-----\n",
    );
    let https = "https://127.0.0.1:1";
    for (user, expected) in [
        (
            json!({"client-certificate": broken, "client-key": broken}),
            "is not PEM",
        ),
        (json!({"client-certificate": broken}), "cannot be set up"),
        (
            json!({"client-certificate-data": "hunter2!", "client-key-data": "hunter2!"}),
            "is not base64",
        ),
        (
            json!({"client-certificate": "/dev/zero", "client-key": broken}),
            "it is larger than 1024 KiB",
        ),
    ] {
        refused(&home, &home.kubeconfig(https, &user), expected);
    }
    let text = std::fs::read_to_string(home.kubeconfig(https, &json!({}))).unwrap();
    for (key, value, expected) in [
        (
            "certificate-authority",
            broken.as_str(),
            "the certificate authority ",
        ),
        ("certificate-authority", "/dev/zero", "it is larger than 1024 KiB"),
        ("certificate-authority-data", "hunter2!", "is not base64"),
        ("tls-server-name", "hunter2 hunter2\\n", "cannot be set up"),
        (
            "proxy-url",
            "ftp://me:hunter2@proxy",
            "the address of the proxy must begin with",
        ),
        ("proxy-url", "me:hunter2@proxy", "the address of the proxy"),
        ("proxy-url", "http://me:hunter2@", "the address of the proxy"),
    ] {
        let text = text.replace("\"server\":", &format!("\"{key}\":\"{value}\",\"server\":"));
        refused(&home, &home.file("changed", &text), expected);
    }
}

#[test]
fn addresses_that_are_none_are_refused_and_not_quoted() {
    let home = Home::new();
    for server in [
        "",
        "me:hunter2@127.0.0.1:1",
        "127.0.0.1:1",
        "/hunter2",
        "*",
        "ftp://me:hunter2@127.0.0.1",
        "http://me:hunter2@",
        "http://me:hun ter2@127.0.0.1:1",
        &format!("http://127.0.0.1:1/{}", "hunter2/".repeat(8_000)),
    ] {
        refused(
            &home,
            &home.kubeconfig(server, &json!({})),
            "the address of the API server",
        );
    }
}

/// What a kubeconfig's address holds besides the place shows up nowhere.
#[test]
fn a_password_in_the_address_of_the_server_appears_nowhere() {
    let (home, server) = (Home::new(), Server::start(shop()));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let receiver = runtime.block_on(Receiver::start([Reply::Answer(200, "ok")]));
    let url = home.file("url", &receiver.url("/services/T/B/x"));
    let config = home.file(
        "driftline.yaml",
        &format!("notify:\n  slack: {{url_file: {url}, allow_http: true, when: always}}\n"),
    );
    let with_password = server.url.replace("http://", "http://me:hunter2@");
    let kubeconfig = home.kubeconfig(&format!("{with_password}/?x=hunter2"), &json!({"token": "x"}));
    let folder = home.path().join("snapshot");
    let access = ["--kubeconfig", &kubeconfig, "-vvv", "--request-timeout", "5s"];
    let scan = ["scan", "--config", &config, "-o", "json", "--all"];
    let run = home.run(&[&scan[..], &access].concat());
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    assert_eq!(run.json()["cluster"]["server"], server.url);
    for message in receiver.received() {
        assert!(!String::from_utf8_lossy(&message.body).contains(SECRET));
    }
    let take = ["snapshot", "-o", folder.to_str().unwrap()];
    let run = home.run(&[&take[..], &access].concat());
    assert_eq!(run.status, Some(0), "{}", run.stderr);
    let index = std::fs::read_to_string(folder.join("snapshot.json")).unwrap();
    assert!(index.contains(&server.url) && !index.contains(SECRET), "{index}");
    let refuses = home.kubeconfig("http://me:hunter2@127.0.0.1:1", &json!({"token": "x"}));
    let run = home.run(&["scan", "--kubeconfig", &refuses, "-vvv", "-o", "json"]);
    assert!(
        run.errors()[0].1.contains("at http://127.0.0.1:1: "),
        "{}",
        run.stdout
    );
    runtime.shutdown_background();
}

#[test]
fn a_password_in_the_address_of_a_proxy_appears_nowhere() {
    let home = Home::new();
    let kubeconfig = home.kubeconfig("http://127.0.0.1:1", &json!({"token": "x"}));
    for proxy in ["http://me:hunter2@127.0.0.1:1", "socks5://me:hunter2@127.0.0.1:1"] {
        let scan = [
            "scan",
            "--kubeconfig",
            &kubeconfig,
            "-vvv",
            "-o",
            "json",
            "--request-timeout",
            "1s",
        ];
        let run = home.command(&scan).env("HTTPS_PROXY", proxy).run();
        assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
        assert!(run.errors()[0].1.contains("cannot reach"), "{}", run.stdout);
    }
    let scan = ["scan", "--kubeconfig", &kubeconfig, "-vvv"];
    let run = home
        .command(&scan)
        .env("HTTPS_PROXY", "ftp://me:hunter2@proxy")
        .run();
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
}

/// Whether a process that wrote its number into a file still runs.
fn runs(pid: &Path) -> bool {
    let pid = std::fs::read_to_string(pid).unwrap();
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    state.is_ok_and(|state| !state.contains(") Z "))
}

/// Waits for a process to go away, which takes a moment after it was killed.
fn is_gone(pid: &Path) {
    for _ in 0..200 {
        if !runs(pid) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it still runs")
}

#[test]
fn a_credential_plugin_without_end_is_ended_with_all_that_it_started() {
    let home = Home::new();
    let pid = home.path().join("pid");
    let child = format!("sleep 300 & echo $! > {}", pid.display());
    let user = plugin(&program(
        &home,
        "endless",
        &format!("{child}\nwhile :; do echo hunter2hunter2; done"),
    ));
    refused(
        &home,
        &home.kubeconfig(SERVER, &user),
        "printed more than 1024 KiB and was ended",
    );
    is_gone(&pid);

    // Of what it says on standard error only the end is kept, so it only takes time.
    let user = plugin(&program(
        &home,
        "loud",
        &format!("{child}\nwhile :; do echo hunter2 >&2; done"),
    ));
    let kubeconfig = home.kubeconfig(SERVER, &user);
    let run = home.run(&["scan", "--kubeconfig", &kubeconfig, "--timeout", "1s"]);
    assert_eq!(run.status, Some(2));
    assert!(run.sentence().contains("credential plugin"), "{}", run.stderr);
    is_gone(&pid);
}

#[test]
fn a_credential_plugin_is_asked_as_client_go_asks_it_and_again_before_its_token_expires() {
    let (home, server) = (Home::new(), Server::start(shop()));
    let log = home.path().join("log");
    let soon = (chrono::Utc::now() + chrono::TimeDelta::seconds(30)).to_rfc3339();
    let script = format!(
        "echo \"$ASKED $KUBERNETES_EXEC_INFO\" >> {log}\n{}",
        prints(&json!({"token": "hunter2", "expirationTimestamp": soon})),
        log = log.display()
    );
    let kubeconfig = home.kubeconfig(&server.url, &plugin(&program(&home, "plugin", &script)));
    let run = home.run(&["scan", "--kubeconfig", &kubeconfig]);
    assert_eq!(run.status, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(
        server
            .received()
            .iter()
            .all(|request| request.authorization == "Bearer hunter2")
    );
    let asked = std::fs::read_to_string(&log).unwrap();
    assert!(asked.lines().count() > 1, "{asked}");
    let info = asked.lines().next().unwrap().strip_prefix("yes ").unwrap();
    let info: Value = serde_json::from_str(info).unwrap();
    assert_eq!(
        (&info["kind"], &info["apiVersion"], &info["spec"]["interactive"]),
        (
            &json!("ExecCredential"),
            &json!("client.authentication.k8s.io/v1"),
            &json!(false)
        )
    );
    assert!(
        info["spec"]["cluster"]["server"]
            .as_str()
            .unwrap()
            .starts_with(&server.url)
    );
}

#[test]
fn what_a_credential_plugin_prints_is_checked() {
    let home = Home::new();
    for (name, status, expected) in [
        ("none", json!({}), "there is neither a token nor a certificate"),
        ("null", Value::Null, "the ExecCredential has no status"),
        (
            "half",
            json!({"clientCertificateData": SECRET}),
            "one of them is missing",
        ),
        (
            "when",
            json!({"token": SECRET, "expirationTimestamp": SECRET}),
            "expirationTimestamp is no RFC 3339 timestamp",
        ),
        (
            "expired",
            json!({"token": SECRET, "expirationTimestamp": "2020-02-03T04:05:06Z"}),
            "expired on 2020-02-03 at 04:05:06 UTC",
        ),
        ("number", json!({"token": 5}), "the token is no string"),
        ("list", json!({"token": [SECRET]}), "the token is no string"),
        (
            "empty",
            json!({"token": ""}),
            "there is neither a token nor a certificate",
        ),
        (
            "pem",
            json!({"clientCertificateData": SECRET, "clientKeyData": SECRET}),
            "cannot be set up",
        ),
    ] {
        let user = plugin(&program(&home, name, &prints(&status)));
        refused(&home, &home.kubeconfig("https://127.0.0.1:1", &user), expected);
    }
    for (name, printed, expected) in [
        ("words", SECRET.to_owned(), "they are no ExecCredential"),
        ("nothing", String::new(), "they are no ExecCredential"),
        (
            "pod",
            json!({"kind": "Pod", "apiVersion": "v1", "status": {}}).to_string(),
            "they are no ExecCredential",
        ),
        (
            "beta",
            json!({"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1",
                   "status": {"token": SECRET}})
            .to_string(),
            "printed an ExecCredential of client.authentication.k8s.io/v1beta1, and the kubeconfig asks for \
             client.authentication.k8s.io/v1",
        ),
        (
            "later",
            json!({"kind": "ExecCredential", "apiVersion": SECRET, "status": {"token": SECRET}}).to_string(),
            "of an unknown API version",
        ),
    ] {
        let user = plugin(&program(&home, name, &format!("cat <<'END'\n{printed}\nEND")));
        refused(&home, &home.kubeconfig(SERVER, &user), expected);
    }
    refused(
        &home,
        &home.kubeconfig(SERVER, &plugin("")),
        "names no command for its credential plugin",
    );
    refused(
        &home,
        &home.kubeconfig(SERVER, &plugin("/nowhere/a\0b")),
        "cannot be started",
    );
}

/// The last words of a plugin say what to do, and are a line of the output like any other.
#[test]
fn a_credential_plugin_that_fails_says_why() {
    let home = Home::new();
    let words = "echo usage: sso >&2; echo \"Token has expired, run: aws sso login\" >&2; exit 255";
    let user = plugin(&program(&home, "aws", words));
    let run = refused(
        &home,
        &home.kubeconfig(SERVER, &user),
        "/aws` failed (exit status: 255) and said: usage: sso | Token has expired, run: aws sso login",
    );
    assert!(run.sentence().contains("credential plugin `"), "{}", run.stderr);
    let user = plugin(&program(&home, "silent", "exit 3"));
    let silent = "failed (exit status: 3) and said nothing";
    refused(&home, &home.kubeconfig(SERVER, &user), silent);
    let hostile = "printf '\\033[2J\\342\\200\\256txt.exe\\r::error::\\377' >&2; exit 1";
    let user = plugin(&program(&home, "hostile", hostile));
    let run = refused(
        &home,
        &home.kubeconfig(SERVER, &user),
        "said: \\u{1b}[2J\\u{202e}txt.exe | ::error::",
    );
    assert!(
        !run.stderr.contains(['\u{1b}', '\u{202e}', '\r']),
        "{}",
        run.stderr
    );
    // The kubeconfig's own secrets, whatever they look like.
    let mut user = plugin(&program(
        &home,
        "leaking",
        "echo \"$CLIENT_SECRET $2\" >&2; exit 1",
    ));
    user["exec"]["env"] = json!([{"name": "CLIENT_SECRET", "value": SECRET}]);
    user["exec"]["args"] = json!(["--password", SECRET]);
    refused(
        &home,
        &home.kubeconfig(SERVER, &user),
        "said: (redacted) (redacted)",
    );
}

/// A plugin that ends while something that it started still holds its standard error.
#[test]
fn what_a_credential_plugin_leaves_running_keeps_nobody_waiting() {
    let home = Home::new();
    let pid = home.path().join("pid");
    let script = format!(
        "sleep 300 >/dev/null & echo $! > {}; echo no login >&2; exit 1",
        pid.display()
    );
    let user = plugin(&program(&home, "browser", &script));
    refused(&home, &home.kubeconfig(SERVER, &user), "and said: no login");
    assert!(runs(&pid));
    std::process::Command::new("kill")
        .arg(std::fs::read_to_string(&pid).unwrap().trim())
        .status()
        .unwrap();
}

#[test]
fn a_credential_plugin_that_is_missing_is_named() {
    let home = Home::new();
    let mut absent = plugin("driftline-no-such-plugin");
    absent["exec"]["installHint"] = json!("Install it:\n\n  brew install it\u{1b}[2J\n::error::");
    let run = refused(
        &home,
        &home.kubeconfig(SERVER, &absent),
        "credential plugin `driftline-no-such-plugin` is not in PATH; the kubeconfig says: Install it: brew install it",
    );
    assert!(!run.stderr.contains('\u{1b}'), "{}", run.stderr);
    let absent = plugin("/nowhere/aws");
    refused(
        &home,
        &home.kubeconfig(SERVER, &absent),
        "`/nowhere/aws` does not exist",
    );
    // The operating system's error is the same where the interpreter is missing.
    let path = home.program("script", "#!/nowhere/python3\n");
    refused(
        &home,
        &home.kubeconfig(SERVER, &plugin(&path)),
        "script` cannot be started",
    );
}

/// As client-go does: `tools/clientcmd/loader.go`.
#[test]
fn of_several_kubeconfigs_those_that_exist_are_merged() {
    let (home, server) = (Home::new(), Server::start(shop()));
    let existing = home.kubeconfig(&server.url, &json!({"token": "hunter2"}));
    let blank = home.file("blank", "apiVersion: v1\nkind: Config\ncurrent-context: \"\"\n");
    let scan = |variable: &str| home.command(&["scan"]).env("KUBECONFIG", variable).run();
    for variable in [
        format!("/nowhere/a:{existing}"),
        format!(":{existing}::"),
        format!("{blank}:{existing}"),
        format!("{existing}:{}", home.path().join("later").display()),
    ] {
        let run = scan(&variable);
        assert_eq!(run.status, Some(0), "{variable}: {}{}", run.stdout, run.stderr);
    }
    let broken = home.file("broken", "clusters: 5\n");
    for (variable, expected) in [
        (
            "/nowhere/a:/nowhere/b",
            "no file that KUBECONFIG names exists: /nowhere/a:/nowhere/b".to_owned(),
        ),
        (
            &*format!("{existing}:{broken}"),
            format!("{broken}: it is not a valid kubeconfig"),
        ),
        (
            &format!("/nowhere/a:{blank}"),
            format!("{blank}: it has no contexts"),
        ),
        (
            &format!("{existing}:{}", home.path().display()),
            "cannot be read".to_owned(),
        ),
    ] {
        let run = scan(variable);
        assert_eq!(run.status, Some(2), "{variable}: {}{}", run.stdout, run.stderr);
        assert!(run.sentence().contains(&expected), "{variable}: {}", run.stderr);
    }
    // A file that is named on the command line is meant.
    let run = home
        .command(&["scan", "--kubeconfig", "/nowhere/a"])
        .env("KUBECONFIG", &existing)
        .run();
    assert_eq!(run.status, Some(2), "{}{}", run.stdout, run.stderr);
    assert!(
        run.sentence().contains("/nowhere/a cannot be read"),
        "{}",
        run.stderr
    );
}

#[test]
fn providers_that_kubernetes_removed_are_refused_and_not_run() {
    let home = Home::new();
    let ran = home.path().join("ran");
    let command = program(&home, "gcloud", &format!("touch {}", ran.display()));
    for name in ["gcp", "azure", "hunter2"] {
        let user = json!({"auth-provider": {"name": name, "config": {"cmd-path": command}}});
        refused(
            &home,
            &home.kubeconfig(SERVER, &user),
            "use a credential plugin (exec)",
        );
    }
    assert!(!ran.exists());
}
