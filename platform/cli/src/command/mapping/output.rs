//! Where documents and issues of `mapping run` go.
//!
//! Invariants: no file that the command reads is written; documents of a mapping that holds delivery (a rule of it
//! may stop the run) wait in a file without a name until the rules have been asked, so that neither a file nor
//! a pipe holds what a run would not deliver. Other mappings write as they go, in bounded memory.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use tributary_authoring::FlatWriter;
use tributary_authoring::summary::{IssueLine, MappedRecord};
use tributary_mapping::{Document, Verdict};

/// Form of the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum OutputForm {
    Ndjson,
    Csv,
}

/// What the command is told of its output.
#[derive(Clone, Copy)]
pub(super) struct Targets<'a> {
    /// none and `-`: stdout
    pub(super) documents: Option<&'a Path>,
    pub(super) issues: Option<&'a Path>,
    pub(super) form: OutputForm,
    /// whether the rules decide at the end if anything is delivered
    pub(super) held: bool,
}

impl<'a> Targets<'a> {
    fn file(self) -> Option<&'a Path> {
        self.documents.filter(|path| *path != Path::new("-"))
    }

    /// Refuses to write over `read`, each with what it is, and to write both outputs to one file.
    pub(super) fn refuse_overwriting(self, read: &[(PathBuf, &str)]) -> anyhow::Result<()> {
        for target in [self.file(), self.issues].into_iter().flatten() {
            let here = place(target);
            let same = |(path, _): &&(PathBuf, &str)| here.is_some() && place(path) == here;
            if let Some((_, what)) = read.iter().find(same) {
                bail!("{} is {what}; write to another file", target.display());
            }
        }
        if let (Some(documents), Some(issues)) = (self.file(), self.issues)
            && (documents == issues
                || place(documents).is_some_and(|here| Some(here) == place(issues)))
        {
            bail!(
                "{} cannot hold documents and issues; write them to two files",
                documents.display()
            );
        }
        if self.issues == Some(Path::new("-")) {
            bail!("--issues needs a file; stdout is for the documents");
        }
        Ok(())
    }
}

/// Where a file stands, whatever way leads there, also one that is not there yet.
fn place(path: &Path) -> Option<PathBuf> {
    if let Ok(place) = path.canonicalize() {
        return Some(place);
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

/// See the module.
pub(super) struct Output<'a> {
    targets: Targets<'a>,
    documents: Documents,
    table: Option<FlatWriter>,
    issues: Option<BufWriter<File>>,
}

enum Documents {
    Direct(Box<dyn Write>),
    Held(BufWriter<File>),
}

impl<'a> Output<'a> {
    pub(super) fn open(document: &Document, targets: Targets<'a>) -> anyhow::Result<Self> {
        let table = match targets.form {
            OutputForm::Ndjson => None,
            OutputForm::Csv => match FlatWriter::new(document, b',') {
                Ok(writer) => Some(writer),
                Err(field) => bail!(
                    "the field {field} makes a list or an object of any form, which CSV cannot hold\n  hint: leave out --to csv; NDJSON holds every target"
                ),
            },
        };
        let documents = match (targets.held, targets.file()) {
            (true, file) => {
                // better now than after hours
                if let Some(folder) = file.and_then(Path::parent)
                    && folder != Path::new("")
                    && !folder.is_dir()
                {
                    bail!("there is no folder {}", folder.display());
                }
                let file = tempfile::tempfile().context("could not make a temporary file")?;
                Documents::Held(BufWriter::with_capacity(1 << 16, file))
            }
            (false, Some(path)) => Documents::Direct(Box::new(create(path)?)),
            (false, None) => {
                Documents::Direct(Box::new(BufWriter::with_capacity(1 << 16, io::stdout())))
            }
        };
        Ok(Self {
            targets,
            documents,
            table,
            issues: targets.issues.map(create).transpose()?,
        })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.documents {
            Documents::Direct(out) => out.write_all(bytes),
            Documents::Held(out) => out.write_all(bytes),
        }
    }

    /// Takes a record whose document is `line`.
    pub(super) fn record(
        &mut self,
        file: &str,
        number: u64,
        mapped: &MappedRecord,
        line: &[u8],
    ) -> io::Result<()> {
        if mapped.verdict == Verdict::Mapped {
            match &mut self.table {
                None => self.write(line)?,
                Some(table) => {
                    table.row(&String::from_utf8_lossy(line));
                    let row = table.take();
                    self.write(&row)?;
                }
            }
        }
        let Some(issues) = &mut self.issues else {
            return Ok(());
        };
        for issue in &mapped.issues {
            let line = IssueLine {
                file,
                record: number,
                key: &mapped.key,
                verdict: mapped.verdict,
                issue,
            };
            serde_json::to_writer(&mut *issues, &line)?;
            issues.write_all(b"\n")?;
        }
        Ok(())
    }

    /// Ends the output. Documents that were held are written if `delivers` says so; a file that was there
    /// before stays as it is otherwise.
    pub(super) fn finish(mut self, delivers: bool) -> anyhow::Result<()> {
        if let Some(mut table) = self.table.take() {
            // the header, where no record followed it
            let header = table.take();
            self.write(&header).context("could not write the output")?;
        }
        let written = match self.documents {
            Documents::Direct(mut out) => out.flush(),
            Documents::Held(_) if !delivers => Ok(()),
            Documents::Held(held) => release(held, self.targets.file())?,
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => written.context("could not write the output")?,
        }
        if let Some(mut issues) = self.issues {
            issues.flush().context("could not write the issues")?;
        }
        Ok(())
    }
}

fn create(path: &Path) -> anyhow::Result<BufWriter<File>> {
    File::create(path)
        .map(BufWriter::new)
        .with_context(|| format!("could not write {}", path.display()))
}

/// Writes what was held to its place.
fn release(held: BufWriter<File>, file: Option<&Path>) -> anyhow::Result<io::Result<()>> {
    let mut held = held
        .into_inner()
        .map_err(io::IntoInnerError::into_error)
        .context("could not keep the output in a temporary file")?;
    held.seek(SeekFrom::Start(0))?;
    let copied = match file {
        Some(path) => io::copy(
            &mut held,
            &mut File::create(path)
                .with_context(|| format!("could not write {}", path.display()))?,
        ),
        None => {
            let mut out = io::stdout().lock();
            io::copy(&mut held, &mut out).and_then(|_| out.flush().map(|()| 0))
        }
    };
    Ok(copied.map(|_| ()))
}
