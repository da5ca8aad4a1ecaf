//! What a component's bytes tell without running or compiling them: that it is a component, its
//! manifest, its imports and exports. The import list is the capability list.

use tributary_model::error_code::ErrorCode;
use tributary_model::issue::shorten;
use tributary_model::manifest::{ConnectorRole, Delivery, DeliveryCapability, Limits, Manifest};
use tributary_model::problem::Problem;
use tributary_model::version::Version;
use wasmparser::{Encoding, Parser, Payload, Validator, WasmFeatures};
use wasmtime::Engine;

use crate::config_schema;
use crate::connection;
use crate::engine::MAX_MEMORY_MIB;

/// CPU time of a call that a manifest may ask for, ms.
const MAX_CALL_CPU_MS: u32 = 60_000;
/// CPU time of a read that a manifest may ask for, ms.
const MAX_READ_CPU_MS: u32 = 3_600_000;
/// Wall time of a read that a manifest may ask for, s.
const MAX_READ_WALL_S: u32 = 86_400;

/// Namespace of the contract.
const NAMESPACE: &str = "tributary:connector/";
/// The version of the contract that this host speaks.
pub(crate) const CONTRACT: &str = "tributary:connector@0.1.0";
const VERSION: &str = "@0.1.0";
/// Custom section with `connector.json`.
const MANIFEST_SECTION: &str = "tributary:manifest";
/// Largest manifest, bytes.
const MAX_MANIFEST_BYTES: usize = 256 << 10;
/// Longest title and publisher, characters.
const MAX_TEXT_CHARS: usize = 200;
/// Most memory of mapping functions: every worker has an instance.
const MAX_FUNCTION_MEMORY_MIB: u32 = 128;
/// Interfaces without a function of their own: importing them grants nothing.
const FREE: [&str; 2] = ["types", "io"];
/// Interfaces that can be granted.
const CAPABILITIES: [&str; 12] = [
    "log",
    "metrics",
    "control",
    "connections",
    "http",
    "files",
    "file-changes",
    "sql",
    "tcp",
    "changes",
    "codec",
    "output",
];

/// Refuses a component that is too large to look at.
pub(crate) fn check_size(bytes: usize, max_bytes: usize) -> Result<(), Problem> {
    if bytes > max_bytes {
        return Err(invalid(format!(
            "the component has {bytes} bytes, at most {max_bytes} are allowed"
        )));
    }
    Ok(())
}

/// What was found.
pub(crate) struct Inspected<'a> {
    pub(crate) manifest: Manifest,
    /// the manifest's bytes
    pub(crate) section: &'a [u8],
    /// interfaces of the contract that it imports, those that grant nothing left out
    pub(crate) interfaces: Vec<String>,
}

/// Reads, validates and compares bytes and manifest.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Inspected<'_>, Problem> {
    if Engine::detect_precompiled(bytes).is_some() {
        return Err(invalid(
            "the file is native code, not a WebAssembly component",
        ));
    }
    let outline = outline(bytes)?;
    let section = outline.manifest.ok_or_else(|| {
        invalid(format!(
            "the component has no custom section {MANIFEST_SECTION:?}"
        ))
    })?;
    let manifest = manifest(section)?;
    if manifest.is_functions() {
        check_functions(&outline, &manifest)?;
    } else {
        check_imports(&outline.imports, &manifest)?;
        check_exports(&outline.exports, &manifest)?;
    }
    let interfaces = outline
        .imports
        .iter()
        .filter_map(|import| interface(import))
        .filter(|interface| !FREE.contains(interface))
        .map(str::to_owned)
        .collect();
    Ok(Inspected {
        manifest,
        section,
        interfaces,
    })
}

#[derive(Default)]
struct Outline<'a> {
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
    manifest: Option<&'a [u8]>,
}

fn outline(bytes: &[u8]) -> Result<Outline<'_>, Problem> {
    let not_component = || invalid("the file is not a WebAssembly component");
    let mut outline = Outline::default();
    let mut depth = 0_u32;
    let mut first = true;
    let mut manifests = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload =
            payload.map_err(|error| invalid(format!("the component is damaged: {error}")))?;
        match payload {
            Payload::Version { encoding, .. } => {
                if first && encoding != Encoding::Component {
                    return Err(not_component());
                }
                first = false;
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    outline
                        .imports
                        .push(import.map_err(|_| not_component())?.name.name);
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    outline
                        .exports
                        .push(export.map_err(|_| not_component())?.name.name);
                }
            }
            Payload::CustomSection(section) if section.name() == MANIFEST_SECTION => {
                manifests.push(section.data());
            }
            _ => {}
        }
    }
    if manifests.len() > 1 {
        return Err(invalid("the component has two manifests"));
    }
    outline.manifest = manifests.pop();
    let mut validator = Validator::new_with_features(WasmFeatures::default());
    validator
        .validate_all(bytes)
        .map_err(|error| invalid(format!("the component is not valid: {}", error.message())))?;
    Ok(outline)
}

fn manifest(section: &[u8]) -> Result<Manifest, Problem> {
    if section.len() > MAX_MANIFEST_BYTES {
        return Err(invalid(format!(
            "the manifest is larger than {MAX_MANIFEST_BYTES} bytes"
        )));
    }
    let manifest: Manifest = serde_json::from_slice(section).map_err(|error| {
        invalid(format!(
            "the manifest does not have the expected form: {error}"
        ))
    })?;
    if manifest.manifest_version != 1 {
        let version = manifest.manifest_version;
        return Err(invalid(format!(
            "the manifest has version {version}, 1 is known here"
        )));
    }
    if manifest.contract != CONTRACT {
        let contract = &manifest.contract;
        return Err(invalid(format!(
            "it is made for {contract:?}; {CONTRACT:?} is spoken here"
        )));
    }
    check_limits(&manifest.limits)?;
    check_texts(&manifest)?;
    config_schema::check(&manifest.config_schema)
        .map_err(|what| invalid(format!("config_schema of the manifest: {what}")))?;
    check_recipe(&manifest)?;
    for capability in &manifest.capabilities {
        if !CAPABILITIES.contains(&capability.as_str()) && !FREE.contains(&capability.as_str()) {
            return Err(invalid(format!(
                "the manifest asks for {capability:?}, which does not exist"
            )));
        }
    }
    Ok(manifest)
}

/// No more than a slot of the platform may be held for, whatever the tenant's plan says.
fn check_limits(limits: &Limits) -> Result<(), Problem> {
    for (name, value, most) in [
        ("memory_mib", limits.memory_mib, MAX_MEMORY_MIB),
        ("call_cpu_ms", limits.call_cpu_ms, MAX_CALL_CPU_MS),
        ("read_cpu_ms", limits.read_cpu_ms, MAX_READ_CPU_MS),
        ("read_wall_s", limits.read_wall_s, MAX_READ_WALL_S),
    ] {
        if value == 0 || value > most {
            return Err(invalid(format!(
                "limits.{name} is {value}; 1 to {most} are allowed"
            )));
        }
    }
    Ok(())
}

/// How the credentials are described, if they are, has to make sense before anybody has one.
fn check_recipe(manifest: &Manifest) -> Result<(), Problem> {
    let Some(connection) = &manifest.connection else {
        return Ok(());
    };
    let Some(recipe) = &connection.auth else {
        return Ok(());
    };
    let fault = match recipe.fault(connection.kind.all()) {
        Some(fault) => Some(fault),
        None => connection::check_recipe(recipe).err(),
    };
    match fault {
        Some(fault) => Err(invalid(format!("connection.auth of the manifest: {fault}"))),
        None => Ok(()),
    }
}

/// What goes into logs, lists and file names as it is.
fn check_texts(manifest: &Manifest) -> Result<(), Problem> {
    if Version::parse(&manifest.version).is_none() {
        let version = shorten(&manifest.version, MAX_TEXT_CHARS);
        return Err(invalid(format!(
            "version {version:?} of the manifest is no semantic version such as 1.2.0"
        )));
    }
    for (name, text) in [
        ("title", &manifest.title),
        ("publisher", &manifest.publisher),
    ] {
        let long = text.chars().nth(MAX_TEXT_CHARS).is_some();
        if text.is_empty() || long || text.chars().any(char::is_control) {
            return Err(invalid(format!(
                "{name} of the manifest is empty, longer than {MAX_TEXT_CHARS} characters, or has control characters"
            )));
        }
    }
    Ok(())
}

/// A component of mapping functions imports nothing at all and promises what it holds.
fn check_functions(outline: &Outline<'_>, manifest: &Manifest) -> Result<(), Problem> {
    if let Some(import) = outline.imports.first() {
        return Err(Problem::new(
            ErrorCode::ConnectorDenied,
            format!("it imports {import:?}; mapping functions import nothing"),
        ));
    }
    let alone = manifest.roles == [ConnectorRole::MappingFunction]
        && manifest.capabilities.is_empty()
        && manifest.connection.is_none()
        && manifest.config_schema.is_null()
        && manifest.delivery.is_none();
    if !alone {
        return Err(invalid(
            "mapping functions have no other role, capability, connection, configuration or delivery",
        ));
    }
    if manifest.functions.is_empty() {
        return Err(invalid("the manifest lists no function"));
    }
    let memory_mib = manifest.limits.memory_mib;
    if memory_mib > MAX_FUNCTION_MEMORY_MIB {
        return Err(invalid(format!(
            "limits.memory_mib is {memory_mib}; mapping functions may have {MAX_FUNCTION_MEMORY_MIB}"
        )));
    }
    for (place, function) in manifest.functions.iter().enumerate() {
        let name = function.name.as_str();
        let plain = |sign: u8| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == b'_';
        let named = name.bytes().all(plain)
            && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
            && name.len() <= 63;
        if !named {
            return Err(invalid(format!(
                "{name:?} is no name of a function: use 1 to 63 of a-z, 0-9 and '_', first a letter"
            )));
        }
        let earlier = manifest.functions.iter().take(place);
        if earlier.filter(|other| other.name == name).count() > 0 {
            return Err(invalid(format!(
                "the manifest lists the function {name:?} twice"
            )));
        }
    }
    if !exports_interface(&outline.exports, "functions") {
        return Err(invalid("the component does not export \"functions\""));
    }
    Ok(())
}

fn exports_interface(exports: &[&str], wanted: &str) -> bool {
    exports
        .iter()
        .any(|export| interface(export) == Some(wanted))
}

fn check_imports(imports: &[&str], manifest: &Manifest) -> Result<(), Problem> {
    for import in imports {
        let Some(interface) = interface(import) else {
            return Err(invalid(format!(
                "it imports {import:?}; only interfaces of {CONTRACT:?} may be imported"
            )));
        };
        let known = CAPABILITIES.contains(&interface) || FREE.contains(&interface);
        if !known {
            return Err(invalid(format!(
                "it imports {import:?}, which does not exist"
            )));
        }
        let listed = manifest.capabilities.iter().any(|c| c == interface);
        if !listed && !FREE.contains(&interface) {
            return Err(Problem::new(
                ErrorCode::ConnectorDenied,
                format!("the component imports {interface:?}, which its manifest does not list"),
            ));
        }
    }
    Ok(())
}

fn check_exports(exports: &[&str], manifest: &Manifest) -> Result<(), Problem> {
    let mut wanted = vec!["base"];
    for role in &manifest.roles {
        wanted.push(match role {
            ConnectorRole::Source => "source",
            ConnectorRole::ApiTarget => "target",
            ConnectorRole::MappingFunction => "functions",
        });
    }
    if wanted.len() == 1 {
        return Err(invalid("the manifest lists no role"));
    }
    for name in wanted {
        if !exports_interface(exports, name) {
            return Err(invalid(format!("the component does not export {name:?}")));
        }
    }
    if !manifest.functions.is_empty() {
        return Err(invalid("only the role `mapping_function` lists functions"));
    }
    if manifest.roles.contains(&ConnectorRole::ApiTarget) && manifest.delivery.is_none() {
        return Err(invalid("the manifest of a target needs `delivery`"));
    }
    match &manifest.delivery {
        Some(delivery) => check_lookup(exports, delivery),
        None => Ok(()),
    }
}

fn check_lookup(exports: &[&str], delivery: &Delivery) -> Result<(), Problem> {
    let asked = match delivery.capability {
        DeliveryCapability::Lookup => "the delivery capability `lookup`",
        _ if delivery.lookup_after_window => "`lookup_after_window`",
        _ => return Ok(()),
    };
    if !exports_interface(exports, "lookup") {
        return Err(invalid(format!("{asked} needs the export \"lookup\"")));
    }
    let keyed = delivery.capability == DeliveryCapability::IdempotencyKey;
    if delivery.lookup_after_window && !(keyed && delivery.window_s.is_some()) {
        return Err(invalid(
            "`lookup_after_window` needs the delivery capability `idempotency_key` and `window_s`",
        ));
    }
    Ok(())
}

/// `http` of `tributary:connector/http@0.1.0`.
fn interface(name: &str) -> Option<&str> {
    name.strip_prefix(NAMESPACE)?.strip_suffix(VERSION)
}

fn invalid(detail: impl Into<String>) -> Problem {
    Problem::new(ErrorCode::ConnectorInvalid, detail)
}
