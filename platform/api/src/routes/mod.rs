//! The handlers: one endpoint, one file; a folder is a resource. A handler translates, calls, and
//! translates back; rules live in `model`, queries in `store`.

pub(crate) mod clients;
pub(crate) mod connection_forms;
pub(crate) mod connections;
pub(crate) mod connectors;
pub(crate) mod consents;
pub(crate) mod error_page;
pub(crate) mod health;
pub(crate) mod integrations;
pub(crate) mod lookups;
pub(crate) mod mapping_language;
pub(crate) mod mappings;
pub(crate) mod openapi;
pub(crate) mod pushes;
pub(crate) mod records;
pub(crate) mod runs;
pub(crate) mod schemas;
pub(crate) mod tenants;
pub(crate) mod token;
pub(crate) mod trust;
pub(crate) mod uploads;
