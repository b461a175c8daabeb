//! Secrets, where they may stand in an object.
//!
//! A mark stands for a secret of its own in each row: `<s>` for letters of both cases and digits, `<n>` for digits, `<U16>`,
//! `<h32>` and the like for so many capitals and digits, hexadecimal digits, or letters and digits (`<a24>`).
//! `<b64:…>` is the base64 of the rest.

/// Where a row's text stands.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Place {
    /// The `data` of a `ConfigMap`, under the key `entry`.
    Entry,
    /// The `data` of a `ConfigMap`: key and value in JSON.
    Data,
    /// An annotation of a `ConfigMap`.
    Annotation,
    /// The `spec` of a custom resource, in JSON.
    Spec,
    /// The container of a Deployment, in JSON.
    Container,
    /// A Secret's fields, in JSON.
    Secret,
}

use Place::{Annotation, Container, Data, Entry, Secret, Spec};

/// The place of each secret and the text around it.
pub(crate) const PLANTED: &[(Place, &str)] = &[
    // The contents of Secrets, wherever one is embedded.
    (Secret, r#"{"data": {"user": "<b64:<s>>"}}"#),
    (Secret, r#"{"stringData": {"user": "<s>"}}"#),
    (Secret, r#"{"stringData": {"config.yaml": "a: <s>\nb: c\n"}}"#),
    (
        Secret,
        r#"{"metadata": {"annotations": {"example.com/password": "<s>"}}}"#,
    ),
    (
        Spec,
        r#"{"manifest": {"apiVersion": "v1", "kind": "Secret", "data": {"user": "<b64:<s>>"}}}"#,
    ),
    (
        Spec,
        r#"{"objects": [{"kind": "Secret", "stringData": {"user": "<s>"}}]}"#,
    ),
    (
        Spec,
        r#"{"list": {"kind": "SecretList", "items": [{"data": {"user": "<b64:<s>>"}}]}}"#,
    ),
    (Spec, r#"{"template": {"stringData": {"user": "<s>"}}}"#),
    (
        Entry,
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ndata:\n  user: <b64:<s>>\n",
    ),
    (
        Entry,
        "apiVersion: v1\nkind: Secret\nstringData:\n  user: |\n    <s>\n  log: x\n",
    ),
    (Entry, r#"{"kind": "Secret", "stringData": {"user": "<s>"}}"#),
    (
        Annotation,
        r#"{"apiVersion":"v1","kind":"Secret","data":{"user":"<b64:<s>>"}}"#,
    ),
    // Names in all spellings.
    (Data, r#"{"DB_PASSWORD": "<s>"}"#),
    (Data, r#"{"PASSWORD_HOSTNAME": "<s>"}"#),
    (Data, r#"{"dbPassword": "<s>"}"#),
    (Data, r#"{"db-password": "<s>"}"#),
    (Data, r#"{"spring.datasource.password": "<s>"}"#),
    (Data, r#"{"PGPASSWORD": "<s>"}"#),
    (Data, r#"{"MYSQL_PWD": "<s>"}"#),
    (Data, r#"{"dbPass": "<s>"}"#),
    (Data, r#"{"SMTP_PASS": "<s>"}"#),
    (Data, r#"{"smtppass": "<s>"}"#),
    (Data, r#"{"rootpwd": "<s>"}"#),
    (Data, r#"{"DB_PW": "<s>"}"#),
    (Data, r#"{"keyPassphrase": "<s>"}"#),
    (Data, r#"{"PASS_PHRASE": "<s>"}"#),
    (Data, r#"{"clientSecret": "<s>"}"#),
    (Data, r#"{"CLIENT_SECRET": "<s>"}"#),
    (Data, r#"{"secret_key_base": "<s>"}"#),
    (Data, r#"{"authToken": "<s>"}"#),
    (Data, r#"{"TOKEN": "<s>"}"#),
    (Data, r#"{"token2": "<s>"}"#),
    (Data, r#"{"API_KEY": "<s>"}"#),
    (Data, r#"{"apikey": "<s>"}"#),
    (Data, r#"{"x-api-key": "<s>"}"#),
    (Data, r#"{"AWS_SECRET_ACCESS_KEY": "<s>"}"#),
    (Data, r#"{"encryptionKey": "<s>"}"#),
    (Data, r#"{"ENCRYPTION_KEY": "<s>"}"#),
    (Data, r#"{"signing_key": "<s>"}"#),
    (Data, r#"{"signingkey": "<s>"}"#),
    (Data, r#"{"hmacKey": "<s>"}"#),
    (Data, r#"{"HMAC": "<s>"}"#),
    (Data, r#"{"APP_KEY": "<s>"}"#),
    (Data, r#"{"MASTER_KEY": "<s>"}"#),
    (Data, r#"{"authorization": "<s>"}"#),
    (Data, r#"{"PROXY_AUTHORIZATION": "<s>"}"#),
    (Data, r#"{"sessionCookie": "<s>"}"#),
    (Data, r#"{"ERLANG_COOKIE": "<s>"}"#),
    (Data, r#"{"jwt": "<s>"}"#),
    (Data, r#"{"SERVICE_JWT": "<s>"}"#),
    (Data, r#"{"SENTRY_DSN": "<s>"}"#),
    (Data, r#"{"databaseDsn": "<s>"}"#),
    (Data, r#"{"GITHUB_PAT": "<s>"}"#),
    (Data, r#"{"credentials": "<s>"}"#),
    (Data, r#"{"connectionString": "<s>"}"#),
    (Data, r#"{"auth.token.yaml": "<s>"}"#),
    (Annotation, "password: <s>"),
    // Names and values in custom resources without a schema.
    (Spec, r#"{"password": "<s>"}"#),
    (Spec, r#"{"password": <n>}"#),
    (Spec, r#"{"auth": {"apiKey": <n>}}"#),
    (Spec, r#"{"password": {"value": "<s>"}}"#),
    (Spec, r#"{"db": {"password": {"plain": {"text": "<s>"}}}}"#),
    (Spec, r#"{"tokens": {"ci": "<s>"}}"#),
    (Spec, r#"{"tokens": ["<s>"]}"#),
    (Spec, r#"{"credentials": [{"pw": "<s>", "username": "u"}]}"#),
    (Spec, r#"{"cookie": {"value": "<s>"}}"#),
    (Spec, r#"{"vars": [{"name": "DB_PASSWORD", "value": "<s>"}]}"#),
    (Spec, r#"{"vars": [{"key": "password", "value": "<s>"}]}"#),
    (Spec, r#"{"vars": [{"name": "apiToken", "default": "<s>"}]}"#),
    (
        Spec,
        r#"{"headers": [{"name": "Authorization", "value": "<s>"}]}"#,
    ),
    (Spec, r#"{"headers": [{"name": "X-Api-Key", "values": ["<s>"]}]}"#),
    (Spec, r#"{"args": ["--password", "<s>"]}"#),
    (Spec, r#"{"args": ["--password=<s>"]}"#),
    (Spec, r#"{"script": "login --token <s> --verbose"}"#),
    (
        Spec,
        r#"{"query": "https://example.com/?access_token=<s>&page=2"}"#,
    ),
    (Spec, r#"{"query": "https://example.com/?api_key=<s>"}"#),
    (Spec, r#"{"values": "log: info\nauth:\n  password: <s>\n"}"#),
    (
        Spec,
        r#"{"nested": {"helm": {"parameters": [{"name": "db.password", "value": "<s>"}]}}}"#,
    ),
    // Keys of maps and lists, and members of sets.
    (Spec, r#"{"urls": {"https://u:<s>@example.com/": "x"}}"#),
    (Spec, r#"{"owners": {"<h8>.ghp_<a36>": {"level": 3}}}"#),
    (Spec, r#"{"tokenSet": ["<s>"]}"#),
    (Spec, r#"{"urlSet": ["https://u:<s>@example.com/"]}"#),
    (Spec, r#"{"accounts": [{"apiKey": "<s>", "level": 3}]}"#),
    (
        Spec,
        r#"{"sites": [{"url": "https://u:<s>@example.com/", "level": 3}]}"#,
    ),
    // Containers.
    (Container, r#"{"env": [{"name": "DB_PASSWORD", "value": "<s>"}]}"#),
    (
        Container,
        r#"{"env": [{"name": "DATABASE_URL", "value": "postgres://u:<s>@db/x"}]}"#,
    ),
    (
        Container,
        r#"{"env": [{"name": "SENTRY_DSN", "value": "https://<s>@sentry.example.com/1"}]}"#,
    ),
    (Container, r#"{"args": ["--db-password=<s>"]}"#),
    (Container, r#"{"args": ["--db-password", "<s>"]}"#),
    (Container, r#"{"args": ["serve", "--token", "<s>", "--verbose"]}"#),
    (
        Container,
        r#"{"command": ["redis-cli"], "args": ["-a", "<s>", "ping"]}"#,
    ),
    (Container, r#"{"command": ["mysqldump", "-p<s>", "shop"]}"#),
    (
        Container,
        r#"{"command": ["sh", "-c", "curl -u admin:<s> https://example.com"]}"#,
    ),
    (
        Container,
        r#"{"command": ["sh", "-c", "mysql -uroot -p<s> shop"]}"#,
    ),
    (
        Container,
        r#"{"command": ["sh", "-c", "sshpass -p <s> ssh host"]}"#,
    ),
    (
        Container,
        r#"{"command": ["sh", "-c", "PGPASSWORD=<s> psql -h db"]}"#,
    ),
    (
        Container,
        r#"{"command": ["sh", "-c", "curl -H 'Authorization: Bearer <s>' https://example.com"]}"#,
    ),
    (
        Container,
        r#"{"command": ["sh", "-c", "curl -H \"X-Api-Key: <s>\" https://example.com"]}"#,
    ),
    (
        Container,
        r#"{"command": ["sh", "-c", "docker login -u ci -p <s> registry"]}"#,
    ),
    (
        Container,
        r#"{"command": ["sh", "-c", "login --password '<s>'"]}"#,
    ),
    (
        Container,
        r#"{"livenessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "Authorization", "value": "Basic <s>"}]}}}"#,
    ),
    // Tokens by their shape.
    (Data, r#"{"note": "eyJhbGciOiJIUzI1NiJ9.<a24>.<a24>"}"#),
    (Data, r#"{"note": "AKIA<U16>"}"#),
    (Data, r#"{"note": "ASIA<U16>"}"#),
    (Data, r#"{"note": "ghp_<a36>"}"#),
    (Data, r#"{"note": "ghs_<a36>"}"#),
    (Data, r#"{"note": "github_pat_<a40>"}"#),
    (Data, r#"{"note": "glpat-<a20>"}"#),
    (Data, r#"{"note": "xoxb-<n>-<a24>"}"#),
    (Data, r#"{"note": "k8s-aws-v1.<a24>"}"#),
    (
        Data,
        r#"{"note": "https://hooks.slack.com/services/T0/B0/<a24>"}"#,
    ),
    (Data, r#"{"note": "https://discord.com/api/webhooks/<n>/<a40>"}"#),
    (Data, r#"{"note": "sk_live_<a24>"}"#),
    (Data, r#"{"note": "rk_test_<a24>"}"#),
    (Data, r#"{"note": "whsec_<a32>"}"#),
    (Data, r#"{"note": "AIza<a35>"}"#),
    (Data, r#"{"note": "GOCSPX-<a24>"}"#),
    (Data, r#"{"note": "ya29.<a40>"}"#),
    (Data, r#"{"note": "npm_<a36>"}"#),
    (Data, r#"{"note": "pypi-AgEIcHlwaS5vcmc<a40>"}"#),
    (Data, r#"{"note": "hvs.<a24>"}"#),
    (Data, r#"{"note": "dckr_pat_<a24>"}"#),
    (Data, r#"{"note": "sk-<a40>"}"#),
    (Data, r#"{"note": "sk-proj-<a40>"}"#),
    (Data, r#"{"note": "sk-ant-api03-<a40>"}"#),
    (Data, r#"{"note": "SG.<a20>.<a40>"}"#),
    (Data, r#"{"note": "SK<h32>"}"#),
    (Data, r#"{"note": "key-<h32>"}"#),
    (Data, r#"{"note": "dop_v1_<h64>"}"#),
    (Data, r#"{"note": "shpat_<h32>"}"#),
    (Data, r#"{"note": "dapi<h32>"}"#),
    (Data, r#"{"note": "glsa_<a32>_<h8>"}"#),
    (Data, r#"{"note": "hf_<a34>"}"#),
    (Data, r#"{"note": "AGE-SECRET-KEY-1<U58>"}"#),
    (Data, r#"{"note": "the old one was glpat-<a20>, see the wiki"}"#),
    (Data, r#"{"note": "Bearer <s>"}"#),
    (Data, r#"{"note": "Basic <b64:user:<s>>"}"#),
    (
        Data,
        r#"{"note": "https://x.blob.core.windows.net/c?sv=2022&sig=<a40>%3D&se=2030"}"#,
    ),
    (
        Data,
        r#"{"note": "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=<s>==;EndpointSuffix=core"}"#,
    ),
    (
        Data,
        r#"{"note": "Endpoint=sb://x/;SharedAccessKeyName=k;SharedAccessKey=<s>="}"#,
    ),
    (
        Data,
        r#"{"note": "Server=db;User Id=sa;Password=<s>;Encrypt=true"}"#,
    ),
    (Data, r#"{"note": "host=db user=u password=<s> dbname=x"}"#),
    (Data, r#"{"note": "redis:6379,password=<s>,ssl=True"}"#),
    // Addresses.
    (Data, r#"{"note": "postgres://u:<s>@db:5432/x"}"#),
    (Data, r#"{"note": "redis://:<s>@cache:6379/0"}"#),
    (Data, r#"{"note": "amqp://u:<s>/x@mq:5672"}"#),
    (
        Data,
        r#"{"note": "mongodb+srv://u:<s>@h1.example.com,h2.example.com/db"}"#,
    ),
    (Data, r#"{"note": "u:<s>@tcp(db:3306)/x?parseTime=true"}"#),
    (Data, r#"{"note": "admin:<s>@db.example.com:5432/x"}"#),
    (Data, r#"{"note": "jdbc:mysql://db/x?user=u&password=<s>"}"#),
    (Data, r#"{"note": "https://<a24>@github.com/org/repo"}"#),
    (
        Data,
        r#"{"upstreams": "http://a.example.com\nhttps://u:<s>@b.example.com\n"}"#,
    ),
    // Keys in PEM blocks, and text that is encoded.
    (
        Entry,
        "-----BEGIN RSA PRIVATE KEY-----\n<a40>\n-----END RSA PRIVATE KEY-----\n",
    ),
    (
        Entry,
        "-----BEGIN OPENSSH PRIVATE KEY-----\n<a40>\n<a40>\n-----END OPENSSH PRIVATE KEY-----\n",
    ),
    (
        Entry,
        "tls:\n  key: |\n    -----BEGIN PRIVATE KEY-----\n    <a40>\n    -----END PRIVATE KEY-----\n",
    ),
    (
        Entry,
        "{\"pem\": \"-----BEGIN EC PRIVATE KEY-----\\n<a40>\\n-----END EC PRIVATE KEY-----\\n\"}",
    ),
    (Entry, "<b64:password: <s>\n>"),
    // Entries of a ConfigMap in many formats.
    (
        Entry,
        "server:\n  port: 80\ndatabase:\n  password: <s>\n  host: db\n",
    ),
    (Entry, "database:\n  password: \"<s>\"\n  host: db\n"),
    (
        Entry,
        "database:\n  password: |\n    <s>\n    <a24>\n  host: db\n",
    ),
    (Entry, "database:\n  password: >-\n    <s>\n  host: db\n"),
    (Entry, "password:\n  value: <s>\nlog: info\n"),
    (Entry, "tokens:\n- <s>\n- <a24>\nlog: info\n"),
    (Entry, "tokens:\n  ci: <s>\n  cd: <a24>\nlog: info\n"),
    (Entry, "tokens: [<s>, <a24>]\nlog: info\n"),
    (
        Entry,
        "env:\n- name: DB_PASSWORD\n  value: <s>\n- name: LEVEL\n  value: x\n",
    ),
    (
        Entry,
        "env:\n- value: <s>\n  name: DB_PASSWORD\n- name: LEVEL\n  value: x\n",
    ),
    (Entry, "env:\n- {name: DB_PASSWORD, value: <s>}\n"),
    (Entry, "args:\n- --password\n- <s>\n- --verbose\n"),
    (Entry, "# password: <s>\nlog: info\n"),
    (
        Entry,
        "users:\n- name: x\n  user:\n    token: <s>\nclusters: []\n",
    ),
    (
        Entry,
        "users:\n- name: x\n  user:\n    client-key-data: <b64:-----BEGIN PRIVATE KEY----- <s>>\nclusters: []\n",
    ),
    (
        Entry,
        "{\n  \"log\": \"info\",\n  \"db\": {\"password\": \"<s>\"}\n}\n",
    ),
    (
        Entry,
        r#"{"log":"info","vars":[{"value":"<s>","name":"API_TOKEN"}]}"#,
    ),
    (
        Entry,
        r#"{"auths":{"registry.example.com":{"auth":"<b64:user:<s>>"}}}"#,
    ),
    (Entry, r#"{"args":["--password","<s>"]}"#),
    (Entry, "{ // comment\n  password: '<s>',\n  log: 'info',\n}\n"),
    (Entry, "LEVEL=info\nDB_PASSWORD=<s>\nexport API_KEY=\"<a24>\"\n"),
    (Entry, "DB_PASSWORD='<s>\n<a24>'\nLEVEL=info\n"),
    (Entry, "[client]\nuser = u\npassword = <s>\n"),
    (Entry, "[credentials]\nadmin = <s>\n[log]\nlevel = info\n"),
    (Entry, "log.level=info\nspring.datasource.password=<s>\n"),
    (Entry, "title = \"x\"\n[db]\npassword = \"<s>\"\n"),
    (
        Entry,
        "<config>\n  <log>info</log>\n  <password><s></password>\n</config>\n",
    ),
    (
        Entry,
        "<beans>\n  <property name=\"password\" value=\"<s>\"/>\n</beans>\n",
    ),
    (Entry, "<map>\n  <entry key=\"apiToken\"><s></entry>\n</map>\n"),
    (Entry, "machine example.com\nlogin u\npassword <s>\n"),
    (Entry, "# netrc\nmachine example.com login u password <s>\n"),
    (Entry, "# users\nbob:$apr1$<a8>$<a22>\nalice:{SHA}<a27>=\n"),
    (Entry, "port 6379\nrequirepass <s>\nmasterauth <a24>\n"),
    (
        Entry,
        "location / {\n  proxy_set_header Authorization \"Basic <s>\";\n  proxy_pass http://app;\n}\n",
    ),
    (Entry, "location / {\n  proxy_set_header X-Api-Key <s>;\n}\n"),
    (
        Entry,
        "#!/bin/sh\nset -e\nlogin --user u --password <s> --quiet\n",
    ),
    (
        Entry,
        "#!/bin/sh\ncurl -d '{\"password\":\"<s>\"}' https://example.com\n",
    ),
    (
        Entry,
        "const config = {\n  apiKey: '<s>',\n  level: 'info',\n};\n",
    ),
    (Entry, "config[\"password\"] = \"<s>\"\nlevel = 1\n"),
    (Entry, "CREATE USER u IDENTIFIED BY '<s>';\nSELECT 1;\n"),
    (Entry, "line one\r\npassword: <s>\r\nline three\r\n"),
    // Annotations.
    (Annotation, r#"{"user":"u","password":"<s>"}"#),
    (Annotation, r#"[{"name":"token","value":"<s>"}]"#),
    (Annotation, "https://u:<s>@example.com/hook"),
    // Names and values in other spellings and in pairs; keys of maps under the name of many secrets.
    (Spec, r#"{"params": [{"Key": "db_password", "Value": "<s>"}]}"#),
    (
        Spec,
        r#"{"params": [{"parameterName": "db_password", "parameterValue": "<s>"}]}"#,
    ),
    (Spec, r#"{"params": [["db_password", "<s>"]]}"#),
    (Spec, r#"{"tokens": {"<s>": "alice"}}"#),
    (Spec, r#"{"apiKeys": {"<s>": {"user": "alice"}}}"#),
    (Entry, r#"{"tokens": {"<s>": "alice"}}"#),
    (Spec, r#"{"psk": "<s>"}"#),
    (Spec, r#"{"totpSeed": "<s>"}"#),
    (Spec, r#"{"seed": "<s>"}"#),
    (Spec, r#"{"snmpCommunity": "<s>"}"#),
    (Spec, r#"{"motDePasse": "<s>"}"#),
    (Spec, r#"{"tlsSecret": "<s>"}"#),
    (Annotation, "//registry.example.com/:_auth=<s>"),
    (
        Data,
        r#"{"note": "https://api.telegram.org/bot123456789:AA<a33>/sendMessage"}"#,
    ),
    (
        Data,
        r#"{"note": "https://x.webhook.office.com/webhookb2/1-2@3-4/IncomingWebhook/<a32>/a"}"#,
    ),
    (Data, r#"{"note": "jdbc:oracle:thin:app/<s>@//db:1521/x"}"#),
    (Data, r#"{"note": "pbkdf2:sha256:260000$<a16>$<h64>"}"#),
    // More formats of text.
    (Entry, "<?php\ndefine('DB_PASSWORD', '<s>');\n"),
    (Entry, "pairs: [[\"db_password\", \"<s>\"]]\n"),
    (Entry, "<c>\n  <password><![CDATA[<s>]]></password>\n</c>\n"),
    (
        Entry,
        "<property>\n  <name>a.ConnectionPassword</name>\n  <value><s></value>\n</property>\n",
    ),
    (Entry, "[db]\npassword = \"\"\"\n<s>\n\"\"\"\n"),
    (Entry, "[db]\npasswd = \\\n  <s>\nlog = x\n"),
    (Entry, "a: b\n? password\n: <s>\nlog: x\n"),
    (Entry, "tokens:\n  <s>: alice\nlog: x\n"),
    (
        Entry,
        "#!/bin/sh\necho \"<s>\" | docker login -u x --password-stdin\n",
    ),
];
