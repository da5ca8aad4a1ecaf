//! Bytes to records and back: CSV, JSON, NDJSON; bounded and streaming.
