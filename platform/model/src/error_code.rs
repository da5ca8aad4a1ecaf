//! Every error code that a user can meet, with who must act and what to do. The code is stable:
//! it is in the database, the API, reports and the address of its page
//! (`platform/docs/errors/<code>.md`).

use serde::{Deserialize, Serialize};

/// Who has to act on an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// the customer's data or request
    Customer,
    /// the engineer who wrote the mapping or integration
    Mapping,
    /// the connection's configuration or the source system
    Connection,
    /// the author of the connector
    Connector,
    /// the target system
    Target,
    /// the operator of this platform
    Platform,
}

/// One row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct CodeInfo {
    /// the stable word
    pub code: &'static str,
    /// who must act
    pub owner: Owner,
    /// one line: what happened
    pub title: &'static str,
    /// one line: what to do
    pub hint: &'static str,
    /// whether the platform may try again by itself
    pub transient: bool,
}

macro_rules! catalogue {
    ($($variant:ident, $code:literal, $owner:ident, $transient:literal, $title:literal, $hint:literal;)*) => {
        /// A stable error code. See the module for what it promises.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum ErrorCode {
            $(#[doc = $title] #[serde(rename = $code)] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in catalogue order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The catalogue row.
            #[must_use]
            pub fn info(self) -> CodeInfo {
                match self {
                    $(Self::$variant => CodeInfo {
                        code: $code, owner: Owner::$owner, title: $title, hint: $hint, transient: $transient,
                    },)*
                }
            }
        }
    };
}

catalogue! {
    // reaching the source or target
    ConnectionUnreachable, "connection_unreachable", Connection, true, "the host could not be reached", "check host, port and firewall; the platform tries again by itself";
    ConnectionRefused, "connection_denied", Platform, false, "the address is not allowed for this platform", "ask the operator to allow this host and port in egress.allow";
    ConnectionAuth, "connection_auth_failed", Connection, false, "the other side refused the credentials", "enter the current password, key or token in the connection";
    HostKeyChanged, "host_key_changed", Connection, false, "the SSH server shows another host key than the pinned one", "ask the server's owner whether the key was replaced; only then put the new key into the connection";
    ConnectionTimeout, "connection_timeout", Connection, true, "the other side did not answer in time", "the platform tries again; if it stays, ask the other side's owner";
    SourceNotFound, "source_not_found", Connection, false, "the folder, file or address does not exist", "compare the path in the connection with what the server shows";
    SourcePermission, "source_permission_denied", Connection, false, "the account may not read there", "let the server's owner grant read access to the account";
    SourceProtocol, "source_protocol", Connection, true, "the source's answer could not be understood", "look at the page in the run's log; the source may have changed its API";
    RateLimited, "rate_limited", Target, true, "the other side asks to slow down", "nothing to do: the platform waits as long as it was asked to";
    // bytes and rows
    EncodingInvalid, "encoding_invalid", Customer, false, "the bytes do not fit the declared encoding", "set the encoding the file is really in, or correct the file";
    CsvColumns, "csv_columns", Customer, false, "the line has another number of fields than the header", "look for a missing or extra separator, or an unquoted one inside a text";
    CsvQuote, "csv_quote", Customer, false, "a quoted field is not closed", "close the quote or double it inside the text";
    CsvHeader, "csv_header", Connection, false, "the header line does not have the expected columns", "compare the header with the mapping; columns may have been renamed";
    SourceDrift, "source_drift", Connection, false, "the source no longer has what the mapping reads", "if it was renamed, change the mapping or let the sender give it its old name; then start a new run";
    ChangesGone, "changes_gone", Connection, false, "the database no longer keeps the changes since the last read", "run the integration once in full; the next runs go on from there";
    FileTruncated, "file_truncated", Customer, false, "the file ends in the middle of a line or is shorter than announced", "send the complete file again";
    FileChanged, "file_changed", Customer, true, "the file changed while it was read", "let the sender write under another name and rename when complete; a new run reads the file as it is then";
    JsonInvalid, "json_invalid", Customer, false, "the text is not valid JSON", "correct the text at the given place";
    RowTooLarge, "row_too_large", Customer, false, "one row is larger than the limit", "look for a quote that is not closed, or split the row; rows of up to 8 MiB can be read if limits.max_row_bytes of the mapping allows it";
    XmlInvalid, "xml_invalid", Customer, false, "the text is not well-formed XML, or uses what is refused here", "correct the text at the given line and column";
    WorkbookInvalid, "workbook_invalid", Customer, false, "the file is not a readable XLSX workbook, or has no such sheet", "open it in a spreadsheet program and save it again as .xlsx; compare the sheet's name";
    ParquetInvalid, "parquet_invalid", Customer, false, "the file is not a readable Parquet file, or is written in a way that is not read", "write the file again with a current library, packed with snappy, gzip or zstd and not encrypted";
    ArchiveInvalid, "archive_invalid", Customer, false, "the compressed file is damaged or of a kind that is not read", "compress it again as zip, gzip or zstd and send it complete";
    InputTooLarge, "input_too_large", Customer, false, "the unpacked content is larger than a limit", "see which limit in the message; split the file, or raise the limit";
    // mapping a record
    ValueMissing, "value_missing", Customer, false, "a required value is missing", "fill the field in the source";
    ValueInvalid, "value_invalid", Customer, false, "the value does not have the expected form", "correct the value in the source, or the format in the mapping";
    NumberInvalid, "number_invalid", Customer, false, "the text is not a number of the expected form", "correct the number in the source, or the locale in the mapping";
    NumberRange, "number_range", Customer, false, "the number is outside the allowed range", "correct the number in the source";
    DateInvalid, "date_invalid", Customer, false, "the text is not a date of the expected form, or not on the calendar", "correct the date in the source, or the formats in the mapping";
    LookupMissing, "lookup_missing", Mapping, false, "the lookup table has no entry for the value", "add the value to the table, or set what to do on a miss";
    PatternMismatch, "pattern_mismatch", Customer, false, "the value does not match the pattern", "correct the value in the source";
    EnumMismatch, "enum_mismatch", Customer, false, "the value is not one of the allowed ones", "correct the value in the source, or extend the list";
    TextTooLong, "text_too_long", Customer, false, "the text is longer than the target takes", "shorten it in the source, or cut it in the mapping";
    GroupConflict, "group_conflict", Customer, false, "rows of one group disagree in a field that must be the same", "make the rows agree in the source";
    QualityRule, "quality_rule", Customer, false, "a quality rule is not met", "see the rule's message";
    KeyMissing, "key_missing", Customer, false, "the record has no key", "fill the key field in the source";
    ExternalFunctionFailed, "external_function_failed", Connector, false, "a function of code that the mapping calls failed", "report it to the author of the component with the value; when it is mended, redrive the run";
    FormulaFailed, "formula_failed", Mapping, false, "a formula could not be computed", "look at the inputs; guard the formula against missing or extreme values";
    RecordSuperseded, "record_superseded", Customer, false, "a later run has a newer version of the record", "nothing to do: look at the later run for what became of the record";
    RecordTooLarge, "record_too_large", Customer, false, "the record has more rows or bytes than the limit", "raise the limit in the mapping, or split the record";
    // target
    TargetUnavailable, "target_unavailable", Target, true, "the target is down or answers with a server error", "nothing to do: the platform tries again; redrive the run if it gave up";
    TargetRejected, "target_rejected", Target, false, "the target refused the record", "read the target's message; correct the record or the mapping and redrive the run";
    TargetAnswer, "target_answer", Connector, false, "the target's answer could not be understood", "report it to the connector's author with the receipt";
    DeliveryUncertain, "delivery_uncertain", Target, false, "the call left but its answer was lost", "look the record up at the target, then settle it: tributary records settle";
    // documents
    DocumentInvalid, "document_invalid", Mapping, false, "the document does not have the required form", "correct the place named in the error";
    MappingInvalid, "mapping_invalid", Mapping, false, "the mapping does not pass its check", "correct the places named by the diagnostics";
    FieldUnknown, "field_unknown", Mapping, false, "the document has a field that does not exist", "remove it or correct its spelling";
    ReferenceMissing, "reference_missing", Mapping, false, "the document names something that does not exist", "create it first or correct the name";
    VariableMissing, "variable_missing", Mapping, false, "the document uses a variable that has no value", "pass it with --var NAME=VALUE or in the environment";
    // connectors
    ConnectorInvalid, "connector_invalid", Connector, false, "the component is not a valid connector", "build it with the SDK and compare its imports with its manifest";
    ConnectorDenied, "connector_denied", Connector, false, "the connector used a capability that was not granted", "declare the capability in connector.json";
    ConnectorLimit, "connector_limit", Connector, false, "the connector used up a limit", "see which limit in the message; raise it in the manifest if that is justified";
    ConnectorOutOfTime, "connector_out_of_time", Connector, false, "the connector came to an end before it had read everything, because its time was nearly over", "let it write checkpoints more often, so that it can go on behind the last one, or raise read_wall_s in its manifest";
    ConnectorFailed, "connector_failed", Connector, false, "the connector failed", "report it to the connector's author with the run id";
    ConnectorUntrusted, "connector_untrusted", Platform, false, "the connector is not signed by a trusted publisher, was revoked, or was altered", "see the reason in the message; check the file with tributary connector verify, or ask the operator about the publisher";
    ConnectorChanged, "connector_changed", Mapping, false, "the connector is not the one that the integration pins", "find out who installed other bytes; tributary integration pin moves the pin to what is installed now";
    ConfigInvalid, "config_invalid", Connection, false, "the connection's configuration does not fit the connector", "correct the field named in the error";
    // API
    TokenMissing, "token_missing", Customer, false, "the request carries no token", "get one from POST /api/v1/token and send it as Authorization: Bearer";
    TokenInvalid, "token_invalid", Customer, false, "the token is not valid here", "get a new one from POST /api/v1/token";
    TokenExpired, "token_expired", Customer, false, "the token has expired", "get a new one from POST /api/v1/token";
    CredentialsInvalid, "credentials_invalid", Customer, false, "client id or secret is wrong", "check both; the secret is shown only once, when the client is made";
    Forbidden, "forbidden", Customer, false, "the role may not do this", "ask your administrator for a role that may";
    NotFound, "not_found", Customer, false, "there is no such object", "check the name or id; it may belong to another tenant";
    RequestInvalid, "request_invalid", Customer, false, "the request does not have the required form", "correct the place named in the error";
    Conflict, "conflict", Customer, false, "the object was changed by someone else, or the request id was used for another request", "read the object again and repeat the change";
    PlanLimit, "plan_limit", Customer, false, "the tenant's plan allows no more", "see which limit in the message; make room, or ask the operator for another plan";
    TooManyRequests, "too_many_requests", Customer, true, "too many requests at once", "wait as long as Retry-After says";
    // platform
    RunCancelled, "run_cancelled", Customer, false, "the run was cancelled", "start it again when wanted";
    ReconciliationFailed, "reconciliation_failed", Platform, false, "the run's counters do not add up", "report it to the operator with the run id";
    RawGone, "raw_gone", Platform, false, "the raw data of the record is no longer kept", "read it from the source again with a new run";
    StorageFailed, "storage_failed", Platform, true, "the platform could not store data", "check free disk space and the database";
    Internal, "internal", Platform, false, "the platform made a mistake", "report it to the operator with the request id";
}

impl ErrorCode {
    /// The stable word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.info().code
    }

    /// Whether a read that ended with this for good is a matter of the part that was read (a file, a
    /// range of keys): of its data, or of what the connector makes of it. What is not would meet
    /// the run's other parts too.
    #[must_use]
    pub fn of_one_part(self) -> bool {
        match self {
            // the source's owner has to act, but what is wrong was found in one file
            Self::CsvHeader | Self::SourceDrift | Self::SourceNotFound | Self::SourcePermission => {
                true
            }
            // nobody's data: the run was stopped, or the component can read nothing at all
            Self::RunCancelled
            | Self::NotFound
            | Self::ConnectorInvalid
            | Self::ConnectorDenied => false,
            _ => matches!(self.info().owner, Owner::Customer | Owner::Connector),
        }
    }

    /// The code named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|c| c.as_str() == word)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors");
        let pages: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .filter_map(|entry| {
                let name = entry.unwrap().file_name().into_string().unwrap();
                name.strip_suffix(".md").map(str::to_owned)
            })
            .collect();
        let codes: BTreeSet<String> = ErrorCode::ALL.iter().map(|c| c.to_string()).collect();
        assert_eq!(codes.len(), ErrorCode::ALL.len(), "a code is used twice");
        assert_eq!(codes, pages);
    }

    #[test]
    fn what_would_meet_all_parts_alike_is_of_no_single_one() {
        use ErrorCode as E;
        for code in [
            E::EncodingInvalid,
            E::RowTooLarge,
            E::InputTooLarge,
            E::ArchiveInvalid,
            E::FileTruncated,
            E::FileChanged,
            E::CsvHeader,
            E::SourceDrift,
            E::SourceNotFound,
            E::ConnectorFailed,
            E::ConnectorLimit,
            E::ConnectorOutOfTime,
        ] {
            assert!(code.of_one_part(), "{code}");
        }
        for code in [
            E::ConnectionUnreachable,
            E::ConnectionRefused,
            E::ConnectionAuth,
            E::HostKeyChanged,
            E::ConfigInvalid,
            E::ConnectorUntrusted,
            E::ConnectorChanged,
            E::ConnectorInvalid,
            E::MappingInvalid,
            E::ReferenceMissing,
            E::RunCancelled,
            E::StorageFailed,
            E::Internal,
        ] {
            assert!(!code.of_one_part(), "{code}");
        }
    }
}
