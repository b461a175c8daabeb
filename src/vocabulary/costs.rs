//! The words for what a scan cost: its stages, and how the API server answered.

vocabulary! {
    /// A stage of a scan.
    ScanStage {
        /// Listing releases and the kinds that the API server serves.
        List = "list",
        /// Reading and decoding release records.
        Decode = "decode",
        /// Planning the reads, and reading schemas and autoscalers.
        Types = "types",
        /// Reading objects and comparing them.
        Compare = "compare",
        /// Reading older revisions for what no newer one explains.
        OlderRevisions = "older-revisions",
        /// Asking what the programs follow that manage releases.
        Managers = "managers",
        /// Looking at what is around the objects of an operation that is previewed.
        Surroundings = "surroundings",
        /// Dry runs of the writes of an operation that is previewed.
        ConfirmWrites = "confirm-writes",
        /// Dry runs of drifted objects.
        Confirm = "confirm",
        /// Reading the charts of drifted releases, for the keys that keep what lives.
        Values = "values",
        /// Looking for objects whose release has no record.
        Orphans = "orphans",
        /// Listing the releases again.
        Recheck = "recheck",
    }
}

vocabulary! {
    /// How the API server answered one request: its HTTP status, where that is a usual one.
    AnswerCode {
        /// 200
        Ok = "200",
        /// 201
        Created = "201",
        /// 400
        BadRequest = "400",
        /// 401
        Unauthorized = "401",
        /// 403
        Forbidden = "403",
        /// 404
        NotFound = "404",
        /// 409
        Conflict = "409",
        /// 410
        Gone = "410",
        /// 422
        Invalid = "422",
        /// 429
        TooManyRequests = "429",
        /// 500
        ServerError = "500",
        /// 502
        BadGateway = "502",
        /// 503
        Unavailable = "503",
        /// 504
        GatewayTimeout = "504",
        /// Any other status.
        Other = "other",
        /// There was no answer: no connection, a connection that broke, or a time-out.
        None = "none",
    }
}

impl AnswerCode {
    /// The code of an HTTP status.
    pub const fn of(status: u16) -> Self {
        match status {
            200 => Self::Ok,
            201 => Self::Created,
            400 => Self::BadRequest,
            401 => Self::Unauthorized,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            409 => Self::Conflict,
            410 => Self::Gone,
            422 => Self::Invalid,
            429 => Self::TooManyRequests,
            500 => Self::ServerError,
            502 => Self::BadGateway,
            503 => Self::Unavailable,
            504 => Self::GatewayTimeout,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_has_the_code_of_its_number() {
        for status in 0..=u16::MAX {
            let code = AnswerCode::of(status).as_str();
            assert!(code == "other" || code == status.to_string(), "{status}: {code}");
        }
        let others = (100..600).filter(|status| AnswerCode::of(*status) == AnswerCode::Other);
        assert_eq!(others.count() + AnswerCode::ALL.len() - 2, 500);
    }
}
