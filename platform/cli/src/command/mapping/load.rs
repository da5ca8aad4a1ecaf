//! Mapping documents from files; a derived one with its template, which lies beside it.
//!
//! Invariant: findings come with the text that their pointers belong to; what only the resolved
//! document shows has no line in any file, and names the override instead.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tributary_mapping::document::template::{self, Derived, Resolved, TemplateRef, Written};
use tributary_mapping::document::{Exact, canonical, canonical_derived};
use tributary_mapping::{Diagnostic, Document};

use super::{Answer, check, read_text, write_text};
use crate::print;

/// A document with the text it was read from.
pub(super) struct Loaded {
    pub(super) path: PathBuf,
    pub(super) text: String,
    /// what will run: the resolved one, if it is derived
    pub(super) document: Document,
    pub(super) derivation: Option<Box<Derivation>>,
}

/// What a document was resolved from.
pub(super) struct Derivation {
    pub(super) derived: Derived,
    pub(super) template: Document,
    pub(super) resolved: Resolved,
}

/// Why there is no document.
pub(super) struct Faults {
    /// what the pointers belong to; empty: a document that is in no file
    pub(super) text: String,
    pub(super) diagnostics: Vec<Diagnostic>,
}

impl Loaded {
    /// What the checker says of it, for people.
    pub(super) fn told(&self, diagnostics: Vec<Diagnostic>) -> Faults {
        match &self.derivation {
            None => Faults {
                text: self.text.clone(),
                diagnostics,
            },
            Some(derivation) => Faults {
                text: String::new(),
                diagnostics: diagnostics
                    .into_iter()
                    .map(|diagnostic| derivation.resolved.blame(diagnostic))
                    .collect(),
            },
        }
    }

    /// Findings as an error of the command.
    pub(super) fn refused(&self, diagnostics: Vec<Diagnostic>) -> anyhow::Error {
        refused(&self.path, &self.told(diagnostics))
    }

    /// Where the template of a derived document may lie.
    pub(super) fn template_files(&self) -> Vec<PathBuf> {
        let Some(derivation) = &self.derivation else {
            return Vec::new();
        };
        let (exact, plain) = template_places(&self.path, &derivation.derived.extends);
        vec![exact, plain]
    }

    /// Writes the tests that the document has now; a derived one gets them as its own.
    pub(super) fn save_tests(&self) -> anyhow::Result<()> {
        let text = match &self.derivation {
            None => canonical(&self.document),
            Some(derivation) => {
                let mut derived = derivation.derived.clone();
                derived.tests = Some(Exact::of(&self.document.tests)?);
                canonical_derived(&derived)
            }
        };
        std::fs::write(&self.path, text)
            .with_context(|| format!("could not write {}", self.path.display()))
    }
}

/// A document that must be readable for the command to make sense.
pub(super) fn load(path: &Path) -> anyhow::Result<Loaded> {
    read(path, read_text(path)?)?.map_err(|faults| refused(path, &faults))
}

/// Reads the text of a file.
///
/// # Errors
/// The outer one if a file cannot be read, the inner one if the document has faults.
pub(super) fn read(path: &Path, text: String) -> anyhow::Result<Result<Loaded, Faults>> {
    let derived = match template::read(text.as_bytes()) {
        Err(diagnostics) => return Ok(Err(Faults { text, diagnostics })),
        Ok(Written::Document(document)) => {
            return Ok(Ok(Loaded {
                path: path.to_owned(),
                text,
                document: *document,
                derivation: None,
            }));
        }
        Ok(Written::Derived(derived)) => *derived,
    };
    let template = match template_beside(path, &derived.extends)? {
        Ok(template) => template,
        Err(diagnostics) => return Ok(Err(Faults { text, diagnostics })),
    };
    match template::resolve(&derived, &template) {
        Ok(resolved) => Ok(Ok(Loaded {
            path: path.to_owned(),
            text,
            document: resolved.document.clone(),
            derivation: Some(Box::new(Derivation {
                derived,
                template,
                resolved,
            })),
        })),
        Err(diagnostics) => {
            // what the overrides themselves do wrong has its place in the file
            let own = |found: &Diagnostic| found.code.starts_with("M22");
            let text = match diagnostics.iter().all(own) {
                true => text,
                false => String::new(),
            };
            Ok(Err(Faults { text, diagnostics }))
        }
    }
}

/// `orders@3.json` and `orders.json` in the folder of the derived document.
fn template_places(path: &Path, reference: &TemplateRef) -> (PathBuf, PathBuf) {
    let folder = path.parent().unwrap_or(Path::new("."));
    (
        folder.join(format!("{reference}.json")),
        folder.join(format!("{}.json", reference.name)),
    )
}

/// The first of [`template_places`] that is there.
fn template_beside(
    path: &Path,
    reference: &TemplateRef,
) -> anyhow::Result<Result<Document, Vec<Diagnostic>>> {
    let (exact, plain) = template_places(path, reference);
    let file = match (exact.is_file(), plain.is_file()) {
        (true, _) => exact,
        (false, true) => {
            print::remark(&format!(
                "{reference} is taken from {}; a file does not say which revision it is",
                plain.display()
            ));
            plain
        }
        (false, false) => {
            return Ok(template::template(reference, None).map_err(|mut found| {
                for diagnostic in &mut found {
                    diagnostic.hint =
                        format!("put it into {} or {}", exact.display(), plain.display());
                }
                found
            }));
        }
    };
    let text = read_text(&file)?;
    Ok(template::template(reference, Some(text.as_bytes())))
}

/// Findings as an error of the command.
fn refused(path: &Path, faults: &Faults) -> anyhow::Error {
    let told = |diagnostic: &Diagnostic| {
        let mut diagnostic = diagnostic.clone();
        if diagnostic.code == check::PARAMETER_WITHOUT_VALUE {
            let name = diagnostic.pointer.rsplit('/').next().unwrap_or_default();
            diagnostic.hint = format!("give it with --param {name}=VALUE");
        }
        check::diagnostic_text(path, &faults.text, &diagnostic)
    };
    let found: Vec<String> = faults.diagnostics.iter().map(told).collect();
    anyhow::anyhow!("{} cannot be used\n{}", path.display(), found.join("\n"))
}

/// Arguments of `resolve`.
#[derive(clap::Args)]
pub(super) struct ResolveArguments {
    /// the derived mapping; its template lies beside it as NAME@REVISION.json or NAME.json
    document: PathBuf,
    /// where the resolved document goes (default: stdout)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Prints what will run.
pub(super) fn resolve(arguments: &ResolveArguments) -> anyhow::Result<Answer> {
    let loaded = load(&arguments.document)?;
    let Some(derivation) = &loaded.derivation else {
        bail!(
            "{} extends no other mapping: it is what runs",
            arguments.document.display()
        );
    };
    for warning in &derivation.resolved.warnings {
        print::remark(&check::diagnostic_text(&loaded.path, &loaded.text, warning));
    }
    write_text(arguments.out.as_deref(), &canonical(&loaded.document))?;
    Ok(Answer::Yes)
}
