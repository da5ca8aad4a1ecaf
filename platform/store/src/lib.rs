//! SQL: configuration, ledger, queue.
