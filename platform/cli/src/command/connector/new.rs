//! `tributary connector new | build`: a connector's folder, and the component that is made of it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::json;
use tributary_host::present;
use tributary_packaging::{Kind, Language, build, scaffold};

use super::sign::MAX_COMPONENT_BYTES;
use crate::print;

/// Arguments of `tributary connector new`.
#[derive(clap::Args)]
pub(crate) struct NewArguments {
    /// its name; also the name of the folder
    name: String,
    /// what it is for
    #[arg(long, value_enum)]
    kind: KindWord,
    /// what it is written in
    #[arg(long, value_enum, default_value = "rust")]
    lang: LanguageWord,
    /// the folder to make, if not ./NAME
    #[arg(long)]
    folder: Option<PathBuf>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum KindWord {
    /// reads from somewhere
    Source,
    /// delivers to somewhere
    Target,
    /// functions that mappings call
    Functions,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LanguageWord {
    Rust,
    /// sources and targets; needs Python 3.11 or later
    Python,
    /// and TypeScript: sources and targets; needs Node 20.6 or later
    Javascript,
}

/// Arguments of `tributary connector build`.
#[derive(clap::Args)]
pub(crate) struct BuildArguments {
    /// the connector's folder
    #[arg(default_value = ".")]
    folder: PathBuf,
    /// one JSON object
    #[arg(long)]
    json: bool,
}

/// Makes the folder.
pub(crate) fn new(arguments: &NewArguments) -> anyhow::Result<()> {
    let folder = match &arguments.folder {
        Some(folder) => folder.clone(),
        None => PathBuf::from(&arguments.name),
    };
    let kind = match arguments.kind {
        KindWord::Source => Kind::Source,
        KindWord::Target => Kind::Target,
        KindWord::Functions => Kind::Functions,
    };
    let language = match arguments.lang {
        LanguageWord::Rust => Language::Rust,
        LanguageWord::Python => Language::Python,
        LanguageWord::Javascript => Language::JavaScript,
    };
    scaffold(&folder, &arguments.name, kind, language)?;
    print::line(&format!("created    {}", folder.display()));
    let first = language.prepare().map(|command| format!("{command} && "));
    print::remark(&format!(
        "next: cd {} && {}tributary connector test",
        folder.display(),
        first.unwrap_or_default()
    ));
    Ok(())
}

/// Builds, and says what came of it.
pub(crate) fn build_folder(arguments: &BuildArguments) -> anyhow::Result<()> {
    let (path, component) = component_of(&arguments.folder)?;
    let presented = present(&component, MAX_COMPONENT_BYTES)
        .with_context(|| format!("{} would not be accepted", path.display()))?;
    let manifest = &presented.manifest;
    if arguments.json {
        let line = json!({
            "name": manifest.name, "version": manifest.version, "path": path, "bytes": component.len(),
            "content_digest": presented.digest, "file_digest": presented.file_digest,
            "imports": presented.imports,
        });
        print::line(&line.to_string());
        return Ok(());
    }
    print::line(&format!(
        "built      {} {}",
        manifest.name, manifest.version
    ));
    print::line(&format!("file       {}", path.display()));
    print::line(&format!(
        "size       {} bytes",
        print::grouped(component.len() as u64)
    ));
    print::line(&format!("content    {}", presented.digest));
    let imports = match presented.imports.join(", ") {
        none if none.is_empty() => "nothing".to_owned(),
        imports => imports,
    };
    print::line(&format!("imports    {imports}"));
    Ok(())
}

/// The component of a folder, which is built, or of a file. With its path.
pub(crate) fn component_of(subject: &Path) -> anyhow::Result<(PathBuf, Vec<u8>)> {
    if subject.is_dir() {
        let built = build(subject)?;
        if built.schema_renewed {
            print::remark("connector.json: config_schema is renewed from the type");
        }
        return Ok((built.path, built.component));
    }
    let bytes =
        std::fs::read(subject).with_context(|| format!("could not read {}", subject.display()))?;
    Ok((subject.to_owned(), bytes))
}
