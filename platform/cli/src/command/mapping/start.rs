//! `tributary mapping new` and `suggest`: beginnings of documents.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;
use tributary_authoring::import::{
    Import, SheetOptions, from_csv, from_json_schema, from_openapi, from_sheet,
};
use tributary_authoring::suggest::{Memory, ReasonKind, Suggestion, accept};
use tributary_authoring::{
    Draft, SourceShape, json_schema, new_document, suggest as suggestions, unmapped,
};
use tributary_mapping::document::{SourceFormat, Target, canonical};
use tributary_mapping::schema::Schema;
use tributary_model::id::Slug;

use super::input::InputOptions;
use super::look::{Sample, observed, sample};
use super::schemas;
use super::{Answer, load, read_description, write_text};
use crate::print;

/// Records of a sample that are looked at.
const SAMPLE_RECORDS: usize = 1_000;

/// Where source and target are described.
#[derive(Debug, Clone, clap::Args)]
struct Descriptions {
    /// file with records of the source
    #[arg(long, value_name = "FILE")]
    sample: Option<PathBuf>,
    /// JSON Schema of the source's records, as JSON or YAML
    #[arg(long, value_name = "FILE")]
    source_schema: Option<PathBuf>,
    /// JSON Schema of the target, as JSON or YAML
    #[arg(long, value_name = "FILE", conflicts_with = "openapi")]
    target_schema: Option<PathBuf>,
    /// OpenAPI description (JSON or YAML) and operation of the target, for example api.yaml#createOrder
    #[arg(long, value_name = "FILE#OPERATION")]
    openapi: Option<String>,
    #[command(flatten)]
    input: InputOptions,
}

/// What is known of both sides.
struct Sides {
    sample: Option<Sample>,
    source: Option<Schema>,
    format: SourceFormat,
    target: Option<Schema>,
    /// the target's schema as it was given, if a record has all of it
    target_text: Option<Value>,
}

impl Descriptions {
    fn read(&self, name: &Slug) -> anyhow::Result<Sides> {
        let sample = match &self.sample {
            None => None,
            Some(path) => Some(sample(&mut self.input.open(path)?, SAMPLE_RECORDS)?),
        };
        let declared = match &self.source_schema {
            None => None,
            Some(path) => Some(Schema::from_json_schema(&read_description(path)?)),
        };
        let format = match &sample {
            Some(sample) if !sample.columns.is_empty() => SourceFormat::Csv,
            _ => SourceFormat::Json,
        };
        let source = declared.or_else(|| {
            let sample = sample.as_ref()?;
            Some(observed(&sample.columns, &sample.values))
        });
        let mut target_text = None;
        let target = match (&self.target_schema, &self.openapi) {
            (Some(path), _) => {
                let text = read_description(path)?;
                let schema = from_json_schema(name, &text, format).schema;
                // of a list a record is an element
                let whole = Schema::from_json_schema(&text) == schema;
                target_text = whole.then_some(text);
                Some(schema)
            }
            (None, Some(text)) => Some(openapi(name, text, format)?),
            (None, None) => None,
        };
        Ok(Sides {
            sample,
            source,
            format,
            target,
            target_text,
        })
    }
}

fn openapi(name: &Slug, text: &str, format: SourceFormat) -> anyhow::Result<Schema> {
    let Some((file, operation)) = text.split_once('#') else {
        let description = read_description(Path::new(text))?;
        let known = tributary_authoring::import::operations(&description);
        bail!(
            "--openapi {text:?} names no operation; write {text}#OPERATION with one of: {}",
            known.into_iter().take(20).collect::<Vec<_>>().join(", ")
        );
    };
    let description = read_description(Path::new(file))?;
    let import = from_openapi(name, &description, operation, format)
        .map_err(|error| anyhow!("{file}: {error}"))?;
    Ok(import.schema)
}

/// Arguments of `new`.
#[derive(clap::Args)]
pub(super) struct NewArguments {
    /// name of the mapping: a-z, 0-9 and -
    #[arg(long, default_value = "draft")]
    name: String,
    #[command(flatten)]
    descriptions: Descriptions,
    /// an analyst's mapping sheet (CSV or XLSX), a row per target field; of a workbook with several sheets FILE#SHEET
    #[arg(long, value_name = "FILE")]
    sheet: Option<PathBuf>,
    /// where the document goes (default: stdout)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// folder for the schemas of both sides, which the document then names (default: ../schemas beside --out, if
    /// it is there)
    #[arg(long, value_name = "DIR")]
    schemas: Option<PathBuf>,
    /// replace the file given by --out, and schemas that are there
    #[arg(long)]
    force: bool,
}

/// Begins a document.
pub(super) fn new(arguments: &NewArguments) -> anyhow::Result<Answer> {
    let name = Slug::parse(&arguments.name)
        .map_err(|error| anyhow!("--name {:?}: {error}", arguments.name))?;
    if let Some(out) = &arguments.out
        && out.exists()
        && !arguments.force
    {
        bail!("{} is there already; --force replaces it", out.display());
    }
    let mut sides = arguments.descriptions.read(&name)?;
    let mut draft = match &arguments.sheet {
        Some(path) => {
            let import = of_sheet(&name, path, &sides)?;
            // a sheet describes its target too
            sides.target.get_or_insert(import.schema);
            import.draft
        }
        None => of_sides(&name, &sides)?,
    };
    name_schemas(arguments, &sides, &mut draft)?;
    write_text(arguments.out.as_deref(), &canonical(&draft.document))?;
    for finding in &draft.findings {
        let row = finding
            .row
            .map_or(String::new(), |row| format!("row {row}: "));
        let place = match finding.place.as_str() {
            "" => String::new(),
            place => format!("{place}: "),
        };
        print::remark(&format!("look at  {row}{place}{}", finding.message));
    }
    let open = unmapped(&draft.document);
    if !open.is_empty() {
        print::remark(&format!(
            "{} still without a source: {}",
            tributary_authoring::summary::counted(open.len() as u64, "field"),
            open.join(", ")
        ));
    }
    Ok(Answer::Yes)
}

/// Writes what is known of both sides to the tenant's schemas, and their names into the draft.
fn name_schemas(arguments: &NewArguments, sides: &Sides, draft: &mut Draft) -> anyhow::Result<()> {
    let beside = || arguments.out.as_deref().and_then(schemas::beside);
    let Some(folder) = arguments.schemas.clone().or_else(beside) else {
        return Ok(());
    };
    let document = &mut draft.document;
    if let Some(source) = &sides.source {
        let name = format!("{}-source", document.name);
        schemas::keep(&folder, &name, &json_schema(source), arguments.force)?;
        document.source.schema = Some(name);
    }
    if let Some(target) = &sides.target {
        let name = format!("{}-target", document.name);
        let text = sides.target_text.clone();
        let text = text.unwrap_or_else(|| json_schema(target));
        schemas::keep(&folder, &name, &text, arguments.force)?;
        document.target = Some(Target { schema: Some(name) });
    }
    Ok(())
}

fn of_sides(name: &Slug, sides: &Sides) -> anyhow::Result<Draft> {
    match (&sides.source, &sides.target) {
        (Some(source), Some(target)) => {
            let shape = SourceShape {
                format: sides.format,
                schema: source,
            };
            let samples: &[Value] = sides.sample.as_ref().map_or(&[], |sample| &sample.values);
            Ok(new_document(
                name,
                shape,
                target,
                samples,
                &Memory::default(),
            ))
        }
        (None, Some(target)) => {
            let nothing = Schema::from_columns(&[]);
            let shape = SourceShape {
                format: sides.format,
                schema: &nothing,
            };
            Ok(new_document(name, shape, target, &[], &Memory::default()))
        }
        (Some(source), None) => match &sides.sample {
            Some(sample) if !sample.columns.is_empty() => {
                let import = from_csv(name, &sample.columns, &sample.rows)?;
                Ok(import.draft)
            }
            _ => {
                let shape = SourceShape {
                    format: sides.format,
                    schema: source,
                };
                Ok(new_document(name, shape, source, &[], &Memory::default()))
            }
        },
        (None, None) => bail!(
            "nothing to begin with\n  hint: describe the source with --sample or --source-schema, the target with --target-schema or --openapi, or give a --sheet"
        ),
    }
}

fn of_sheet(name: &Slug, path: &Path, sides: &Sides) -> anyhow::Result<Import> {
    let rows = super::sheet::rows(path)?;
    let options = SheetOptions {
        format: sides.format,
        source: sides.source.as_ref(),
        target: sides.target.as_ref(),
    };
    from_sheet(name, &rows, options).map_err(|error| anyhow!("{}: {error}", path.display()))
}

/// Arguments of `suggest`.
#[derive(clap::Args)]
pub(super) struct SuggestArguments {
    /// a document whose open fields should be filled
    document: Option<PathBuf>,
    #[command(flatten)]
    descriptions: Descriptions,
    /// write suggestions of at least this confidence into the open fields of the document
    #[arg(long, value_name = "CONFIDENCE", requires = "document")]
    accept: Option<f64>,
    /// the suggestions as JSON
    #[arg(long)]
    json: bool,
}

/// Suggests sources.
pub(super) fn suggest(arguments: &SuggestArguments) -> anyhow::Result<Answer> {
    let name = Slug::parse("draft").map_err(|error| anyhow!("{error}"))?;
    let sides = arguments.descriptions.read(&name)?;
    let (Some(source), Some(target)) = (&sides.source, &sides.target) else {
        bail!(
            "both sides are needed\n  hint: describe the source with --sample or --source-schema, the target with --target-schema or --openapi"
        );
    };
    let samples: &[Value] = sides.sample.as_ref().map_or(&[], |sample| &sample.values);
    let found = suggestions(source, target, samples, &Memory::default());
    if arguments.json {
        print::line(&serde_json::to_string(&found)?);
    } else {
        print::text(&table(&found));
    }
    if let (Some(confidence), Some(path)) = (arguments.accept, &arguments.document) {
        let mut loaded = load(path)?;
        if loaded.derivation.is_some() {
            bail!(
                "{} is derived; suggestions belong into its template",
                path.display()
            );
        }
        let filled = accept(&mut loaded.document, &found, confidence);
        std::fs::write(path, canonical(&loaded.document))
            .with_context(|| format!("could not write {}", path.display()))?;
        print::remark(&format!(
            "filled {} of {}: {}",
            tributary_authoring::summary::counted(filled.len() as u64, "field"),
            path.display(),
            filled.join(", ")
        ));
    }
    Ok(Answer::is(!found.is_empty()))
}

fn table(found: &[Suggestion]) -> String {
    let width = |texts: &dyn Fn(&Suggestion) -> usize| found.iter().map(texts).max().unwrap_or(0);
    let targets = width(&|one| one.target.chars().count());
    let sources = width(&|one| one.source.chars().count());
    let mut out = String::new();
    for one in found {
        let tick = if one.pre_ticked() { "✓" } else { " " };
        let reasons: Vec<String> = one
            .reasons
            .iter()
            .map(|reason| match reason.kind {
                ReasonKind::Name | ReasonKind::PastUse | ReasonKind::Ambiguous => {
                    reason.text.clone()
                }
                ReasonKind::Path => format!("path {:.2}", reason.score),
                ReasonKind::Type => format!("type {:.2}", reason.score),
                ReasonKind::Values => format!("values {:.2}", reason.score),
                ReasonKind::Neighbours => format!("neighbours {:.2}", reason.score),
            })
            .collect();
        let steps: Vec<&str> = one
            .steps
            .iter()
            .map(|step| step.function.as_str())
            .collect();
        let steps = match steps.is_empty() {
            true => String::new(),
            false => format!("  [{}]", steps.join(", ")),
        };
        out.push_str(&format!(
            "{tick} {:<targets$}  ←  {:<sources$}  {:.2}  {}{steps}\n",
            one.target,
            one.source,
            one.confidence,
            reasons.join("; ")
        ));
    }
    if found.is_empty() {
        out.push_str("no source looks like a target field\n");
    }
    out
}
