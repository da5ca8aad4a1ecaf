//! Rust types of the contract, made from `sdk/wit/connector-0.1.0`. One module per world: the
//! imports once, the exports of sources, of targets and of mapping functions with the import types
//! shared.
//!
//! A new version of the contract gets a folder of its own there and a module of its own here;
//! these stay as they are.

/// What the host offers, `http` left out: host traits with one linker function per interface. What is in
/// these types can be sent to a runner.
mod plain {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        inline: "package tributary:host-plain; world plain {
            import tributary:connector/log@0.1.0;
            import tributary:connector/metrics@0.1.0;
            import tributary:connector/control@0.1.0;
            import tributary:connector/connections@0.1.0;
            import tributary:connector/io@0.1.0;
            import tributary:connector/files@0.1.0;
            import tributary:connector/file-changes@0.1.0;
            import tributary:connector/sql@0.1.0;
            import tributary:connector/tcp@0.1.0;
            import tributary:connector/changes@0.1.0;
            import tributary:connector/codec@0.1.0;
            import tributary:connector/output@0.1.0;
        }",
        world: "tributary:host-plain/plain",
        imports: { default: async | trappable },
        additional_derives: [serde::Serialize, serde::Deserialize],
        with: {
            "tributary:connector/connections.connection": crate::capabilities::connections::ConnectionHandle,
            "tributary:connector/io.reader": crate::capabilities::io::Reader,
            "tributary:connector/io.rows": crate::capabilities::io::Rows,
            "tributary:connector/tcp.socket": crate::capabilities::tcp::Socket,
        },
    });
}

/// `http`: its answer holds a handle, so that it cannot be sent as it is.
mod web {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        inline: "package tributary:host-web; world web { import tributary:connector/http@0.1.0; }",
        world: "tributary:host-web/web",
        imports: { default: async | trappable },
        with: {
            "tributary:connector/types@0.1.0": super::plain::tributary::connector::types,
            "tributary:connector/connections@0.1.0": super::plain::tributary::connector::connections,
            "tributary:connector/io@0.1.0": super::plain::tributary::connector::io,
        },
    });
}

/// All interfaces that a connector can import.
#[expect(unreachable_pub, reason = "bindgen re-exports what it is given")]
pub mod contract {
    pub use super::plain::tributary::connector::{
        changes, codec, connections, control, file_changes, files, io, log, metrics, output, sql,
        tcp, types,
    };
    pub use super::web::tributary::connector::http;
}

/// Exports of a source.
pub(crate) mod source {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        world: "source-connector",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [serde::Serialize, serde::Deserialize],
        with: { "tributary:connector": super::contract },
    });
}

/// Exports of an API target.
pub(crate) mod target {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        world: "target-connector",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [serde::Serialize, serde::Deserialize],
        with: { "tributary:connector": super::contract },
    });
}

/// What a target that concludes exports beside.
pub(crate) mod conclusion {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        inline: "package tributary:host-conclusion; world conclusion-export { export tributary:connector/conclusion@0.1.0; }",
        world: "tributary:host-conclusion/conclusion-export",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [serde::Serialize, serde::Deserialize],
        with: { "tributary:connector/types@0.1.0": super::contract::types },
    });
}

/// What a target that can be asked exports beside.
pub(crate) mod lookup {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        inline: "package tributary:host-lookup; world lookup-export { export tributary:connector/lookup@0.1.0; }",
        world: "tributary:host-lookup/lookup-export",
        imports: { default: async | trappable },
        exports: { default: async },
        additional_derives: [serde::Serialize, serde::Deserialize],
        with: { "tributary:connector/types@0.1.0": super::contract::types },
    });
}

/// Exports of mapping functions; they import nothing.
pub(crate) mod functions {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        world: "mapping-function",
    });
}
