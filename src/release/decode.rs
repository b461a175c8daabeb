//! Decodes the bytes of a stored record.
//!
//! Helm's own decoder (`pkg/storage/driver/util.go`, `decodeRelease`) is base64, then gzip if the magic bytes say
//! so, then JSON. A record is hostile input: a megabyte of gzip can hold a gigabyte, so the decoded size is capped, and
//! a large record is read as a stream, of which only what is needed is held. Errors never quote the record: it may
//! hold secrets.

use std::io::{BufReader, Read};

use base64::Engine as _;
use flate2::read::MultiGzDecoder;
use serde::de::DeserializeOwned;

use super::encoding::BASE64;
use super::guard::{Breach, Guarded};
use super::limits::LIMITS;
use super::mentions::{PassedOver, Search, Searched};
use super::record::Release;
use super::templates::WireTemplates;
use super::wire::WireRelease;
use crate::weight::turn;

/// The default cap on a decoded record. The largest real one seen is under 20 MiB.
pub const MAX_DECODED_BYTES: u64 = 64 << 20;

/// Up to this size a record is held as a whole, which is faster. Most records are far smaller.
const SMALL: u64 = 4 << 20;
const STREAM_BUFFER: usize = 64 << 10;

const GZIP_MAGIC: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Why a record cannot be decoded. The sentences name what is wrong and never quote the record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The object has no `release` key.
    #[error("it has no `release` key")]
    NoPayload,
    /// The outer encoding is broken.
    #[error("its `release` value is not base64: {0}")]
    Base64(String),
    /// The compressed stream is broken or cut off.
    #[error("its gzip stream is broken or cut off")]
    Gzip,
    /// The decoded record has more bytes than the cap.
    #[error("too large: it decodes to more than {} MiB", .limit >> 20)]
    TooLarge {
        /// The cap in bytes.
        limit: u64,
    },
    /// A part of the record is larger than any real one.
    #[error("too large: {what}")]
    TooMuch {
        /// The part, and its limit.
        what: &'static str,
    },
    /// The decoded bytes are not the JSON of a release.
    #[error("its JSON is {what} at line {line}, column {column}")]
    Json {
        /// Which of the classes of JSON errors.
        what: &'static str,
        /// The line in the decoded record.
        line: usize,
        /// The column in the decoded record.
        column: usize,
    },
    /// The record is JSON, and lacks what Helm writes into every record.
    #[error("it is no release record: it has no {what}")]
    Incomplete {
        /// What it lacks.
        what: &'static str,
    },
    /// The record is not that of its object's release and revision.
    #[error("it is the record of {what}")]
    Another {
        /// What differs.
        what: &'static str,
    },
    /// The manifest is not what Helm would apply.
    #[error("its manifest cannot be read: {0}")]
    Manifest(String),
    /// A redacted snapshot replaced what could not be decoded.
    #[error("{0}")]
    Recorded(String),
}

/// Decodes the value of the `release` key: base64 of gzip (or plain) JSON.
pub fn decode(payload: &[u8], max_bytes: u64) -> Result<Release, DecodeError> {
    decode_as::<Searched>(payload, max_bytes)
}

/// The same without what the templates may render otherwise, for a revision that nobody renders again.
pub fn decode_without_variations(payload: &[u8], max_bytes: u64) -> Result<Release, DecodeError> {
    decode_as::<PassedOver>(payload, max_bytes)
}

/// Reads another part of a record, by the same rules and limits.
pub(super) fn read_part<T: DeserializeOwned>(payload: &[u8], max_bytes: u64) -> Result<T, DecodeError> {
    let bytes = unencoded(payload, max_bytes)?;
    if bytes.starts_with(&GZIP_MAGIC) {
        part_of_stream(MultiGzDecoder::new(bytes.as_slice()), max_bytes)
    } else {
        part_of_stream(bytes.as_slice(), max_bytes)
    }
}

/// Reads a part of a record from its JSON.
pub(super) fn read_json_part<T: DeserializeOwned>(json: &[u8], max_bytes: u64) -> Result<T, DecodeError> {
    part_of_stream(json, max_bytes)
}

fn part_of_stream<T: DeserializeOwned>(json: impl Read, max_bytes: u64) -> Result<T, DecodeError> {
    from_stream(&[], Guarded::new(json, max_bytes), max_bytes)
}

/// The bytes of a payload, without the outer encoding.
fn unencoded(payload: &[u8], max_bytes: u64) -> Result<Vec<u8>, DecodeError> {
    // Four characters hold three bytes: a payload that cannot fit is refused before it is decoded.
    if payload.len() as u64 / 4 > max_bytes / 3 + 1 {
        return Err(DecodeError::TooLarge { limit: max_bytes });
    }
    BASE64
        .decode(payload.trim_ascii())
        .map_err(|error| DecodeError::Base64(describe(&error)))
}

fn decode_as<S: Search>(payload: &[u8], max_bytes: u64) -> Result<Release, DecodeError> {
    let bytes = unencoded(payload, max_bytes)?;
    let measured = |release| Release {
        stored_bytes: Some(payload.len() as u64),
        ..release
    };
    let json = || -> Box<dyn Read + '_> {
        if bytes.starts_with(&GZIP_MAGIC) {
            Box::new(MultiGzDecoder::new(bytes.as_slice()))
        } else {
            Box::new(bytes.as_slice())
        }
    };
    from_json::<S>(json, max_bytes).map(measured)
}

/// Reads Helm's JSON form of a record. One that is not small is never held as a whole, and only one at a time is read.
fn from_json<'j, S: Search>(
    json: impl Fn() -> Box<dyn Read + 'j>,
    max_bytes: u64,
) -> Result<Release, DecodeError> {
    let mut guarded = Guarded::new(json(), max_bytes);
    let mut small = Vec::new();
    let read = guarded.by_ref().take(SMALL).read_to_end(&mut small);
    if read.is_err() {
        return Err(broken(guarded.breach(), max_bytes));
    }
    if (small.len() as u64) < SMALL {
        let wire: WireRelease<S> = serde_json::from_slice(&small).map_err(|error| describe_json(&error))?;
        return with_variations(wire, || {
            serde_json::from_slice(&small).map_err(|error| describe_json(&error))
        });
    }
    let _turn = turn();
    let wire: WireRelease<S> = from_stream(&small, guarded, max_bytes)?;
    drop(small);
    with_variations(wire, || {
        from_stream(&[], Guarded::new(json(), max_bytes), max_bytes)
    })
}

/// Reads a stream, of which the beginning was read already.
fn from_stream<T: DeserializeOwned>(
    beginning: &[u8],
    mut rest: Guarded<impl Read>,
    max_bytes: u64,
) -> Result<T, DecodeError> {
    let stream = BufReader::with_capacity(STREAM_BUFFER, beginning.chain(rest.by_ref()));
    serde_json::from_reader(stream).map_err(|error| {
        if error.is_io() {
            broken(rest.breach(), max_bytes)
        } else {
            describe_json(&error)
        }
    })
}

/// The record, with what a second reading says of the templates if they have to be looked into.
fn with_variations<S: Search>(
    wire: WireRelease<S>,
    templates: impl FnOnce() -> Result<WireTemplates, DecodeError>,
) -> Result<Release, DecodeError> {
    let (may_vary, has_dependencies) = (wire.may_vary(), wire.has_dependencies());
    let mut release = Release::from(wire);
    if may_vary && let Some(chart) = &mut release.chart {
        chart.variations = templates()?.variations(has_dependencies);
    }
    Ok(release)
}

/// Why a stream ended before its end.
const fn broken(breach: Option<Breach>, max_bytes: u64) -> DecodeError {
    match breach {
        None => DecodeError::Gzip,
        Some(Breach::Size) => DecodeError::TooLarge { limit: max_bytes },
        Some(Breach::String) => DecodeError::TooMuch {
            what: "a text in it has more than 12 MiB",
        },
        Some(Breach::Depth) => DecodeError::TooMuch {
            what: "it nests deeper than 1000 levels",
        },
    }
}

fn describe_json(error: &serde_json::Error) -> DecodeError {
    // Only this program writes these messages: those of serde_json begin otherwise, whatever they quote.
    let message = error.to_string();
    if let Some(what) = LIMITS.into_iter().find(|limit| message.starts_with(limit)) {
        return DecodeError::TooMuch { what };
    }
    DecodeError::Json {
        what: match error.classify() {
            serde_json::error::Category::Eof => "cut off",
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => "malformed",
            serde_json::error::Category::Data => "not a release",
        },
        line: error.line(),
        column: error.column(),
    }
}

/// The position of what is wrong, without the byte itself.
fn describe(error: &base64::DecodeError) -> String {
    match error {
        base64::DecodeError::InvalidByte(offset, _) | base64::DecodeError::InvalidLastSymbol(offset, _) => {
            format!("unexpected character at offset {offset}")
        }
        base64::DecodeError::InvalidLength(length) => {
            format!("{length} characters is not a whole number of groups")
        }
        base64::DecodeError::InvalidPadding => "wrong padding".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocabulary::ApplyMethod;
    use base64::engine::general_purpose::STANDARD;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;
    use std::io::Write;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn encode(bytes: &[u8]) -> Vec<u8> {
        STANDARD.encode(bytes).into_bytes()
    }

    const RECORD: &str = r#"{"name":"web","namespace":"shop","version":3,"manifest":"---\nkind: X\n",
        "info":{"status":"deployed","first_deployed":"","last_deployed":"2026-11-20T03:12:00.5+01:00","deleted":""},
        "chart":{"metadata":{"name":"web","version":"1.2.3"},"templates":[{"data":"AAAA"}],
        "files":[{"name":"README.md","data":"AA=="},{"name":"crds/a.yaml","data":"AAAA"}]},"config":{"a":1},
        "hooks":[{"name":"migrate","kind":"Job","events":["pre-upgrade"],"last_run":{"started_at":"2026-11-20T03:00:00Z",
            "completed_at":"","phase":"Running"}}],"apply_method":"ssa"}"#;

    #[test]
    fn compressed_and_plain_records_decode_alike() {
        let compressed = decode(&encode(&gzip(RECORD.as_bytes())), MAX_DECODED_BYTES).unwrap();
        let plain = decode(&encode(RECORD.as_bytes()), MAX_DECODED_BYTES).unwrap();
        assert!(plain.stored_bytes > compressed.stored_bytes);
        assert_eq!(
            Release {
                stored_bytes: compressed.stored_bytes,
                ..plain
            },
            compressed
        );
        assert_eq!((compressed.name.as_str(), compressed.version), ("web", 3));
        assert_eq!(compressed.apply_method(), ApplyMethod::Ssa);
        assert_eq!(
            compressed.info.last_deployed.unwrap().to_rfc3339(),
            "2026-11-20T02:12:00.500+00:00"
        );
        let crds = &compressed.chart.unwrap().crds;
        assert_eq!(crds.keys().collect::<Vec<_>>(), ["crds/a.yaml"]);
    }

    /// A large record is read from its stream a second time.
    #[test]
    fn templates_that_read_live_objects_are_named_whatever_the_size_of_the_record() {
        let template = |text: &str| STANDARD.encode(text);
        let templates = serde_json::json!([
            {"name": "templates/_helpers.tpl", "data": template(r#"{{ define "p" }}{{ lookup "v1" "Secret" "a" "b" }}{{ end }}"#)},
            {"name": "templates/secret.yaml", "data": template(r#"{{ include "p" . }}"#)},
            {"name": "templates/service.yaml", "data": template("kind: Service")},
        ]);
        for size in [0, 1 << 20, 6 << 20] {
            let record = serde_json::json!({
                "chart": {"templates": templates, "files": [{"name": "README.md", "data": "A".repeat(size)}]},
            });
            for payload in [
                encode(record.to_string().as_bytes()),
                encode(&gzip(record.to_string().as_bytes())),
            ] {
                let chart = decode(&payload, MAX_DECODED_BYTES).unwrap().chart.unwrap();
                let files: Vec<&str> = chart.variations.files.keys().map(String::as_str).collect();
                assert_eq!(files, ["templates/secret.yaml"], "{size}");
                let without = decode_without_variations(&payload, MAX_DECODED_BYTES).unwrap();
                assert!(without.chart.unwrap().variations.files.is_empty(), "{size}");
            }
        }
    }

    #[test]
    fn old_and_sparse_records_decode() {
        for (record, method) in [
            (r"{}", ApplyMethod::Csa),
            (
                r#"{"apply_method":"","info":{"last_deployed":""}}"#,
                ApplyMethod::Csa,
            ),
            (
                r#"{"info":{"last_deployed":"0001-01-01T00:00:00Z"},"hooks":null,"chart":null}"#,
                ApplyMethod::Csa,
            ),
        ] {
            let release = decode(&encode(record.as_bytes()), MAX_DECODED_BYTES).unwrap();
            assert_eq!(
                (release.info.last_deployed, release.apply_method()),
                (None, method),
                "{record}"
            );
        }
    }

    #[test]
    fn broken_records_say_what_is_wrong_and_quote_nothing() {
        let whole = gzip(RECORD.as_bytes());
        let rows: [(Vec<u8>, &str); 7] = [
            (
                b"%%%".to_vec(),
                "its `release` value is not base64: unexpected character at offset 0",
            ),
            (
                b"AAAAA".to_vec(),
                "its `release` value is not base64: 5 characters is not a whole number of groups",
            ),
            (
                encode(&whole[..whole.len() / 2]),
                "its gzip stream is broken or cut off",
            ),
            (
                encode(b"{\"name\":\"hunter2"),
                "its JSON is cut off at line 1, column 16",
            ),
            (
                encode(b"{\"name\":{\"hunter2\":1}}"),
                "its JSON is not a release at line 1, column 8",
            ),
            (encode(b"hunter2"), "its JSON is malformed at line 1, column 1"),
            (
                encode(&gzip(&vec![b' '; 3 << 20])),
                "too large: it decodes to more than 2 MiB",
            ),
        ];
        for (payload, message) in rows {
            let error = decode(&payload, 2 << 20).unwrap_err().to_string();
            assert_eq!(error, message);
            assert!(!error.contains("hunter2"));
        }
    }

    /// Each decodes to tens of megabytes and would take hundreds, or gigabytes.
    #[test]
    fn what_no_release_has_is_refused_before_it_is_held() {
        const MIB: usize = 1 << 20;
        let filled = |before: &str, unit: &str, after: &str, bytes: usize| {
            format!("{before}{}{after}", unit.repeat(bytes / unit.len()))
        };
        let rows = [
            (
                filled("{\"manifest\":\"", "x", "\"}", 20 * MIB),
                "a text in it has more than 12 MiB",
            ),
            (
                filled("{\"manifest\":\"", "x", "\"}", 9 * MIB),
                "its manifest has more than 8 MiB",
            ),
            (
                filled("{\"config\":", "[", "", 20 * MIB),
                "it nests deeper than 1000 levels",
            ),
            (
                filled("{\"hooks\":[", "{},", "{}]}", 20 * MIB),
                "it has more than 1000 hooks",
            ),
            (
                filled(
                    "{\"hooks\":[",
                    &format!("{{\"manifest\":\"{}\"}},", "x".repeat(MIB)),
                    "{}]}",
                    10 * MIB,
                ),
                "its hooks have more than 8 MiB",
            ),
            (
                filled(
                    "{\"hooks\":[",
                    &format!(
                        "{{\"events\":[{}\"\"]}},",
                        format!("\"{}\",", "x".repeat(1000)).repeat(60)
                    ),
                    "{}]}",
                    20 * MIB,
                ),
                "its hooks have more than 8 MiB",
            ),
            (
                filled("{\"hooks\":[{\"events\":[", "\"\",", "\"\"]}]}", 20 * MIB),
                "a hook has more than 64 events or policies",
            ),
            (
                filled("{\"name\":\"", "x", "\"}", 2000),
                "a name in it has more than 1024 bytes",
            ),
        ];
        for (json, message) in rows {
            for payload in [encode(&gzip(json.as_bytes())), encode(json.as_bytes())] {
                let error = decode(&payload, MAX_DECODED_BYTES).unwrap_err();
                assert_eq!(error.to_string(), format!("too large: {message}"));
            }
        }
    }

    /// A stream gives what the whole gives.
    #[test]
    fn a_large_record_reads_as_a_small_one() {
        let files = STANDARD.encode(vec![7; 6 << 20]);
        let large = RECORD.replace("\"data\":\"AAAA\"}]}", &format!("\"data\":\"{files}\"}}]}}"));
        assert!(large.len() as u64 > SMALL);
        let large = decode(&encode(&gzip(large.as_bytes())), MAX_DECODED_BYTES).unwrap();
        let small = decode(&encode(&gzip(RECORD.as_bytes())), MAX_DECODED_BYTES).unwrap();
        let crds = |release: &Release| release.chart.clone().unwrap().crds;
        assert_eq!(
            crds(&large)["crds/a.yaml"],
            crate::release::record::CrdFingerprint::of(&vec![7; 6 << 20])
        );
        assert_eq!(crds(&small).len(), 1);
        assert_eq!((large.manifest, large.hooks), (small.manifest, small.hooks));
        let cut = gzip(format!("{}{}", RECORD, " ".repeat(9 << 20)).as_bytes());
        assert_eq!(
            decode(&encode(&cut[..cut.len() - 9]), MAX_DECODED_BYTES),
            Err(DecodeError::Gzip)
        );
    }

    /// Helm keeps whole error messages.
    #[test]
    fn a_long_description_is_cut() {
        let record = format!("{{\"info\":{{\"description\":\"{}\"}}}}", "é".repeat(1 << 20));
        let release = decode(&encode(record.as_bytes()), MAX_DECODED_BYTES).unwrap();
        assert_eq!(release.info.description, "é".repeat(32 << 10));
    }

    #[test]
    fn times_of_any_shape_are_read_without_holding_them() {
        for time in ["7", "true", "null", "{\"a\":[1]}", "[[1],2]", "\"yesterday\""] {
            let record = format!("{{\"name\":\"web\",\"info\":{{\"last_deployed\":{time}}}}}");
            let release = decode(&encode(record.as_bytes()), MAX_DECODED_BYTES).unwrap();
            assert_eq!(release.info.last_deployed, None, "{time}");
        }
    }

    #[test]
    fn oversized_base64_is_refused_before_it_is_decoded() {
        assert_eq!(
            decode(&vec![b'A'; 4096], 1024),
            Err(DecodeError::TooLarge { limit: 1024 })
        );
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&bytes, 1 << 16);
            let _ = decode(&encode(&bytes), 1 << 16);
            let _ = decode(&encode(&gzip(&bytes)), 1 << 16);
        }
    }
}
