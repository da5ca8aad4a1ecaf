//! Runs batches: extract, map, deliver; retries, reconciliation.
