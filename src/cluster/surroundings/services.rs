//! The Services that have a port or an address that an operation asks for.
//!
//! Which one has it is in no other place: the API server keeps its allocations to itself. Where Services of all namespaces may
//! not be listed, those of the operation's own namespaces are: a Service that Helm renames stands in the way of itself.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::http::parse;
use super::super::request::{Kind, Reader, Selector};
use crate::source::ReadError;
use crate::source::surroundings::{
    Answer, FixedPlace, FixedPlaces, Holder, ServiceName, SurroundingsQuestion,
};

const SERVICE: Kind<'static> = Kind {
    api_version: "v1",
    name: "Service",
    plural: "services",
};

/// What was read of Services.
pub(super) struct ReadServices {
    pub(super) holders: Answer<Vec<Holder>>,
    /// Why there may be others.
    pub(super) unread: Option<ReadError>,
}

pub(super) async fn read(reader: &Reader<'_>, question: &SurroundingsQuestion) -> ReadServices {
    if question.places.is_empty() {
        return ReadServices {
            holders: Answer::NotAsked,
            unread: None,
        };
    }
    let error = match list(reader, question, None).await {
        Ok(holders) => {
            return ReadServices {
                holders: Answer::Read(holders),
                unread: None,
            };
        }
        Err(error) => error,
    };
    let mut holders = Vec::new();
    if let ReadError::Forbidden { .. } = error {
        let own = super::each(&question.namespaces, |namespace| {
            list(reader, question, Some(namespace))
        });
        for answer in own.await.into_values() {
            match answer {
                Answer::Read(read) => holders.extend(read),
                Answer::NotAsked | Answer::Unread(_) => {}
            }
        }
    }
    ReadServices {
        holders: Answer::Read(holders),
        unread: Some(error),
    }
}

async fn list(
    reader: &Reader<'_>,
    question: &SurroundingsQuestion,
    namespace: Option<&str>,
) -> Result<Vec<Holder>, ReadError> {
    let (asked, namespaces) = (question.places.clone(), question.namespaces.clone());
    let holders = reader.list(SERVICE, namespace, Selector::All, move |json| {
        let service: Value = parse(json.as_bytes())?;
        let of_service = FixedPlaces::of(&service);
        let places: BTreeSet<FixedPlace> = of_service
            .iter()
            .filter(|place| asked.has(place))
            .cloned()
            .collect();
        let text = |field: &str| service["metadata"][field].as_str().unwrap_or_default();
        let service = ServiceName {
            namespace: text("namespace").to_owned(),
            name: text("name").to_owned(),
        };
        let holder = Holder {
            service: namespaces.contains(&service.namespace).then_some(service),
            places,
        };
        Ok((!holder.places.is_empty()).then_some(holder))
    });
    holders.await
}
