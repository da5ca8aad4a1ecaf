//! Rust types of the contract, made from `sdk/wit/connector-0.1.0`. One module per world: the
//! imports once, the exports of sources, of targets and of mapping functions with the import types
//! shared.
//!
//! A new version of the contract gets a folder of its own there and a module of its own here;
//! these stay as they are.

/// What the host offers: host traits with one linker function per interface.
pub(crate) mod imports {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        world: "imports",
        imports: { default: async | trappable },
        with: {
            "tributary:connector/connections.connection": crate::capabilities::connections::ConnectionHandle,
            "tributary:connector/io.reader": crate::capabilities::io::Reader,
            "tributary:connector/io.rows": crate::capabilities::io::Rows,
            "tributary:connector/tcp.socket": crate::capabilities::tcp::Socket,
        },
    });
}

/// Exports of a source.
pub(crate) mod source {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        world: "source-connector",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "tributary:connector": super::imports::tributary::connector },
    });
}

/// Exports of an API target.
pub(crate) mod target {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        world: "target-connector",
        imports: { default: async | trappable },
        exports: { default: async },
        with: { "tributary:connector": super::imports::tributary::connector },
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
        with: { "tributary:connector/types@0.1.0": super::imports::tributary::connector::types },
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
        with: { "tributary:connector/types@0.1.0": super::imports::tributary::connector::types },
    });
}

/// Exports of mapping functions; they import nothing.
pub(crate) mod functions {
    wasmtime::component::bindgen!({
        path: "../../sdk/wit/connector-0.1.0",
        world: "mapping-function",
    });
}
