//! The receivers' rules, as their documentation states them. Nothing here knows how messages are built.

use serde_json::Value;

/// Holds a message to Slack's rules for incoming webhooks.
pub(crate) fn check_slack(message: &Value) {
    check_slack_message(message);
    for flag in ["unfurl_links", "unfurl_media"] {
        assert_eq!(message[flag], false, "{flag}");
    }
}

/// Holds a call to what Slack documents of the arguments of its method.
pub(crate) fn check_slack_call(method: &str, body: &Value) {
    let common = ["channel", "text", "blocks", "parse", "link_names"];
    let own: &[&str] = match method {
        "chat.postMessage" => &["thread_ts", "reply_broadcast", "unfurl_links", "unfurl_media"],
        "chat.update" => &["ts"],
        other => panic!("{other} is not called"),
    };
    for key in body.as_object().unwrap().keys() {
        assert!(
            common.contains(&key.as_str()) || own.contains(&key.as_str()),
            "{method} has {key}"
        );
    }
    assert!(!body["channel"].as_str().unwrap().is_empty());
    if body.get("reply_broadcast").is_some() {
        assert!(body["thread_ts"].is_string(), "only replies are broadcast");
    }
    if method == "chat.postMessage" {
        check_slack(body);
    } else {
        assert!(
            body["channel"].as_str().unwrap().starts_with(['C', 'G', 'D']),
            "an update takes no name"
        );
        assert!(body["ts"].is_string());
        check_slack_message(body);
    }
}

fn check_slack_message(message: &Value) {
    let text = message["text"]
        .as_str()
        .expect("text is always there, for notifications");
    assert!(!text.is_empty());
    assert!(utf16(text) <= 4_000, "text has {} characters", utf16(text));
    check_markup(text);
    assert_eq!(message["parse"], "none");
    assert_eq!(message["link_names"], false);
    if let Some(blocks) = message.get("blocks") {
        assert!(
            blocks.to_string().len() <= 12_000,
            "blocks take {} bytes",
            blocks.to_string().len()
        );
        let blocks = blocks.as_array().unwrap();
        assert!((1..=50).contains(&blocks.len()));
        blocks.iter().for_each(check_block);
    }
    let attachments = message
        .get("attachments")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    for attachment in attachments {
        assert!(["good", "warning", "danger"].contains(&attachment["color"].as_str().unwrap()));
        for key in ["text", "fallback", "footer"] {
            let text = attachment[key].as_str().unwrap();
            assert!(
                (1..=3_000).contains(&utf16(text)),
                "{key} has {} characters",
                utf16(text)
            );
            check_markup(text);
        }
    }
    let raw = message.to_string();
    for mention in ["<!", "<@", "<#"] {
        assert!(!raw.contains(mention), "{mention} in {raw}");
    }
    check_characters(message);
}

fn check_block(block: &Value) {
    match block["type"].as_str().unwrap() {
        "header" => check_plain(&block["text"], 150),
        "section" => check_plain(&block["text"], 3_000),
        "context" => {
            let elements = block["elements"].as_array().unwrap();
            assert!((1..=10).contains(&elements.len()));
            for element in elements {
                check_plain(element, 3_000);
            }
        }
        "rich_text" => {
            for element in block["elements"].as_array().unwrap() {
                let kind = element["type"].as_str().unwrap();
                assert!(
                    ["rich_text_section", "rich_text_preformatted"].contains(&kind),
                    "{kind}"
                );
                let parts = element["elements"].as_array().unwrap();
                assert!(!parts.is_empty());
                for part in parts {
                    if part["type"] == "link" {
                        assert!(part["url"].as_str().unwrap().starts_with("https://"));
                    } else {
                        assert_eq!(part["type"], "text");
                    }
                    let length = utf16(part["text"].as_str().unwrap());
                    assert!((1..=3_000).contains(&length), "{length}");
                }
            }
        }
        other => panic!("a block of type {other} could parse markup"),
    }
}

fn check_plain(text: &Value, max: usize) {
    assert_eq!(text["type"], "plain_text");
    let length = utf16(text["text"].as_str().unwrap());
    assert!((1..=max).contains(&length), "{length} of {max}");
}

/// Text that is parsed has no mention, no link and no more than the one code block that is ours.
fn check_markup(text: &str) {
    assert!(!text.contains(['<', '>', '@']), "{text}");
    let entities = ["&amp;", "&lt;", "&gt;"];
    for (at, _) in text.match_indices('&') {
        assert!(
            entities.iter().any(|entity| text[at..].starts_with(entity)),
            "{text}"
        );
    }
    let fences: Vec<_> = text.match_indices("```").collect();
    assert!(matches!(fences.len(), 0 | 2), "{text}");
    assert_eq!(text.matches('`').count(), fences.len() * 3);
}

/// Holds an event to the rules of PagerDuty's Events API v2.
pub(crate) fn check_pagerduty(event: &Value) {
    assert!(event.to_string().len() <= 512_000);
    assert_eq!(event["routing_key"].as_str().unwrap().len(), 32);
    assert!((1..=255).contains(&event["dedup_key"].as_str().unwrap().len()));
    match event["event_action"].as_str().unwrap() {
        "resolve" => assert!(event.get("payload").is_none()),
        "trigger" => {
            let payload = &event["payload"];
            assert!((1..=1_024).contains(&utf16(payload["summary"].as_str().unwrap())));
            assert!(!payload["source"].as_str().unwrap().trim().is_empty());
            let severity = payload["severity"].as_str().unwrap();
            assert!(["critical", "error", "warning", "info"].contains(&severity));
            chrono::DateTime::parse_from_rfc3339(payload["timestamp"].as_str().unwrap()).unwrap();
            assert!(payload["custom_details"].is_object());
        }
        other => panic!("{other} is not an action"),
    }
    check_characters(event);
}

/// Holds the alerts of a request to the definitions of Alertmanager's api/v2/openapi.yaml (`postableAlerts`), and to
/// `Validate` in its alert/validate.go.
pub(crate) fn check_alertmanager(alerts: &Value) {
    for alert in alerts.as_array().unwrap() {
        let known = ["labels", "annotations", "startsAt", "endsAt", "generatorURL"];
        assert!(
            alert
                .as_object()
                .unwrap()
                .keys()
                .all(|key| known.contains(&key.as_str())),
            "{alert}"
        );
        let time = |name: &str| chrono::DateTime::parse_from_rfc3339(alert[name].as_str().unwrap()).unwrap();
        assert!(time("startsAt") <= time("endsAt"), "{alert}");
        let labels = alert["labels"].as_object().unwrap();
        for name in [
            "alertname",
            "cluster",
            "namespace",
            "release",
            "severity",
            "codes",
        ] {
            assert!(labels.contains_key(name), "{alert}");
        }
        let annotations = alert["annotations"].as_object().unwrap();
        for (name, value) in labels.iter().chain(annotations) {
            let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
            assert!(name.chars().all(is_name) && !name.starts_with(|char: char| char.is_ascii_digit()));
            // An empty label is no label to Alertmanager, and the alert is another one.
            assert!(!value.as_str().unwrap().is_empty(), "{name} in {alert}");
        }
        for value in labels.values() {
            assert!(
                utf16(value.as_str().unwrap()) <= 220 && !value.as_str().unwrap().contains('\n'),
                "{value}"
            );
        }
        assert!(["critical", "warning", "info"].contains(&labels["severity"].as_str().unwrap()));
        assert!(
            alert.to_string().len() <= 8_000,
            "{} bytes",
            alert.to_string().len()
        );
        if let Some(url) = alert.get("generatorURL") {
            assert!(url.as_str().unwrap().starts_with("http"));
        }
    }
    check_characters(alerts);
}

/// Holds an event to what docs/notifications/webhook.md says of it.
pub(crate) fn check_event(event: &Value) {
    assert_eq!(event["schema"], "driftline.event/v1");
    assert_eq!(event["type"], "scan");
    assert_eq!(event["id"].as_str().unwrap().len(), 32);
    for name in ["new", "changed", "ongoing", "resolved"] {
        let entries = event[name]["entries"].as_array().unwrap();
        let total = usize::try_from(event[name]["total"].as_u64().unwrap()).unwrap();
        assert!(
            entries.len() <= 500 && entries.len() <= total,
            "{} of {total}",
            entries.len()
        );
        for entry in entries {
            assert_eq!(entry["fingerprint"].as_str().unwrap().len(), 64);
            let kind = entry["kind"].as_str().unwrap();
            assert!(
                ["finding", "object", "health", "release"].contains(&kind),
                "{kind}"
            );
            assert_eq!(entry.get("path").is_some(), kind == "finding");
            assert_eq!(
                entry.get("object").is_some(),
                ["finding", "object"].contains(&kind)
            );
            for name in ["code", "namespace", "release"] {
                assert!(utf16(entry[name].as_str().unwrap()) <= 200, "{entry}");
            }
        }
    }
    check_characters(event);
}

/// Nothing in any string is a control, a direction override or invisible; lines only break where a message does.
fn check_characters(value: &Value) {
    match value {
        Value::String(text) => {
            let is_bad = |char: char| {
                (char.is_control() && char != '\n')
                    || matches!(char, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}')
                    || matches!(
                        char,
                        '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{e0000}'..='\u{e007f}'
                    )
            };
            assert!(!text.contains(is_bad), "{text:?}");
        }
        Value::Array(items) => items.iter().for_each(check_characters),
        Value::Object(fields) => fields.values().for_each(check_characters),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn utf16(text: &str) -> usize {
    text.encode_utf16().count()
}
