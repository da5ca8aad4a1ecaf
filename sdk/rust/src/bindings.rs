//! Generated from the contract. Imports once, each export by itself with the imports' types: an
//! export macro puts the description of its own world into the crate that calls it, and the
//! encoder joins them. So a source carries nothing of targets and the other way round.

pub mod imports {
    wit_bindgen::generate!({
        path: "../wit/connector-0.1.0",
        world: "imports",
        generate_all,
    });
}

pub mod base {
    wit_bindgen::generate!({
        path: "../wit/connector-0.1.0",
        inline: "package tributary:sdk-base; world base-export { export tributary:connector/base@0.1.0; }",
        world: "tributary:sdk-base/base-export",
        pub_export_macro: true,
        export_macro_name: "export_base_world",
        default_bindings_module: "tributary_sdk::bindings::base",
        with: {
            "tributary:connector/types@0.1.0": crate::bindings::imports::tributary::connector::types,
        },
    });
}

pub mod source {
    wit_bindgen::generate!({
        path: "../wit/connector-0.1.0",
        inline: "package tributary:sdk-source; world source-export { export tributary:connector/source@0.1.0; }",
        world: "tributary:sdk-source/source-export",
        pub_export_macro: true,
        export_macro_name: "export_source_world",
        default_bindings_module: "tributary_sdk::bindings::source",
        with: {
            "tributary:connector/types@0.1.0": crate::bindings::imports::tributary::connector::types,
        },
    });
}

pub mod target {
    wit_bindgen::generate!({
        path: "../wit/connector-0.1.0",
        inline: "package tributary:sdk-target; world target-export { export tributary:connector/target@0.1.0; }",
        world: "tributary:sdk-target/target-export",
        pub_export_macro: true,
        export_macro_name: "export_target_world",
        default_bindings_module: "tributary_sdk::bindings::target",
        with: {
            "tributary:connector/types@0.1.0": crate::bindings::imports::tributary::connector::types,
        },
    });
}

pub mod conclusion {
    wit_bindgen::generate!({
        path: "../wit/connector-0.1.0",
        inline: "package tributary:sdk-conclusion; world conclusion-export { export tributary:connector/conclusion@0.1.0; }",
        world: "tributary:sdk-conclusion/conclusion-export",
        pub_export_macro: true,
        export_macro_name: "export_conclusion_world",
        default_bindings_module: "tributary_sdk::bindings::conclusion",
        with: {
            "tributary:connector/types@0.1.0": crate::bindings::imports::tributary::connector::types,
        },
    });
}

pub mod lookup {
    wit_bindgen::generate!({
        path: "../wit/connector-0.1.0",
        inline: "package tributary:sdk-lookup; world lookup-export { export tributary:connector/lookup@0.1.0; }",
        world: "tributary:sdk-lookup/lookup-export",
        pub_export_macro: true,
        export_macro_name: "export_lookup_world",
        default_bindings_module: "tributary_sdk::bindings::lookup",
        with: {
            "tributary:connector/types@0.1.0": crate::bindings::imports::tributary::connector::types,
        },
    });
}

pub mod functions {
    wit_bindgen::generate!({
        path: "../wit/connector-0.1.0",
        inline: "package tributary:sdk-functions; world functions-export { export tributary:connector/functions@0.1.0; }",
        world: "tributary:sdk-functions/functions-export",
        pub_export_macro: true,
        export_macro_name: "export_functions_world",
        default_bindings_module: "tributary_sdk::bindings::functions",
    });
}
