//! Opens input files: by what they hold or as the options say; stdin for `-`.

use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, anyhow, bail};
use tributary_formats::compression::{self, Compression, UnpackLimits};
use tributary_formats::fault::RowFault;
use tributary_formats::fixed::{Column, FixedOptions};
use tributary_formats::parquet::ParquetOptions;
use tributary_formats::records::{
    self, Config, CsvOptions, Detected, Format, HEAD_BYTES, Input, RecordReader,
};
use tributary_formats::xlsx::XlsxOptions;
use tributary_formats::xml::XmlOptions;

/// How to read the input, where it does not show.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct InputOptions {
    /// format of the input (default: what its name and first bytes show)
    #[arg(long, value_enum)]
    format: Option<FormatName>,
    /// CSV: field separator
    #[arg(long)]
    delimiter: Option<char>,
    /// CSV, XML, fixed: encoding, for example windows-1252
    #[arg(long)]
    encoding: Option<String>,
    /// CSV: there is no header line; name the columns with --columns
    #[arg(long)]
    no_header: bool,
    /// CSV: names of the columns; fixed: name:start:width, start counted from 1
    #[arg(long, value_delimiter = ',')]
    columns: Vec<String>,
    /// JSON: pointer to the array of records (/data/orders); XML: path of a record (/orders/order)
    #[arg(long)]
    records: Option<String>,
    /// XLSX: name of the sheet
    #[arg(long)]
    worksheet: Option<String>,
    /// XLSX: row with the names of the columns
    #[arg(long)]
    header_row: Option<u32>,
    /// everything about the format in a JSON file, as in platform/docs/formats.md
    #[arg(long, value_name = "FILE", conflicts_with_all = ["format", "delimiter", "encoding", "no_header", "columns", "records", "worksheet", "header_row"])]
    format_config: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum FormatName {
    Csv,
    Ndjson,
    Json,
    Xml,
    Xlsx,
    Fixed,
    Parquet,
}

/// An opened input.
pub(super) struct Opened {
    /// for messages; empty for stdin
    pub(super) name: String,
    pub(super) reader: RecordReader<'static>,
    /// bytes of the file, if that is known
    pub(super) size: Option<u64>,
    /// bytes that were read so far
    pub(super) read: Arc<AtomicU64>,
}

impl InputOptions {
    /// For a workbook whose rows all count, whatever they say; columns are called by their letters.
    pub(super) fn all_rows(worksheet: Option<&str>) -> Self {
        Self {
            worksheet: worksheet.map(str::to_owned),
            header_row: Some(0),
            ..Self::default()
        }
    }

    /// Opens a file, or stdin for `-`.
    pub(super) fn open(&self, path: &Path) -> anyhow::Result<Opened> {
        let name = if path == Path::new("-") {
            String::new()
        } else {
            path.display().to_string()
        };
        let (file, size) = source(path)?;
        self.opened(path, name, file, size)
    }

    /// Opens what [`kept_stdin`] gave, from its beginning.
    pub(super) fn open_kept(&self, kept: &File) -> anyhow::Result<Opened> {
        let mut file = kept.try_clone()?;
        file.seek(SeekFrom::Start(0))?;
        let size = file.metadata()?.len();
        self.opened(
            Path::new("-"),
            String::new(),
            Source::File(file),
            Some(size),
        )
    }

    /// The file that describes the format, if one does.
    pub(super) fn description(&self) -> Option<PathBuf> {
        self.format_config.clone()
    }

    fn opened(
        &self,
        path: &Path,
        name: String,
        mut file: Source,
        size: Option<u64>,
    ) -> anyhow::Result<Opened> {
        let mut head = Vec::new();
        (&mut file)
            .take(HEAD_BYTES as u64)
            .read_to_end(&mut head)
            .with_context(|| format!("could not read {}", path.display()))?;
        let config = self.config(path, &head)?;
        let read = Arc::new(AtomicU64::new(0));
        let input = match (file, &config.format) {
            (Source::File(mut file), _) => {
                file.seek(SeekFrom::Start(0))?;
                Input::File(Box::new(Counted {
                    inner: file,
                    read: Arc::clone(&read),
                }))
            }
            (Source::Pipe, format) if format.needs_file() => Input::File(Box::new(Counted {
                inner: kept(&head)?,
                read: Arc::clone(&read),
            })),
            (Source::Pipe, _) => Input::Stream(Box::new(Counted {
                inner: Cursor::new(head).chain(std::io::stdin()),
                read: Arc::clone(&read),
            })),
        };
        let reader = records::open(&config, input).map_err(|fault| fault_error(&name, &fault))?;
        Ok(Opened {
            name,
            reader,
            size,
            read,
        })
    }

    fn config(&self, path: &Path, head: &[u8]) -> anyhow::Result<Config> {
        if let Some(file) = &self.format_config {
            let value = super::read_json(file)?;
            return serde_json::from_value(value)
                .with_context(|| format!("{} does not describe a format", file.display()));
        }
        let format = match self.format {
            Some(FormatName::Csv) => Format::Csv(CsvOptions::default()),
            Some(FormatName::Ndjson) => Format::Ndjson,
            Some(FormatName::Json) => Format::Json {
                records: String::new(),
            },
            Some(FormatName::Xml) => self.xml(path)?,
            Some(FormatName::Xlsx) => Format::Xlsx(XlsxOptions::default()),
            Some(FormatName::Fixed) => self.fixed()?,
            Some(FormatName::Parquet) => Format::Parquet(ParquetOptions::default()),
            None => self.detected(path, head)?,
        };
        Ok(Config::new(self.refined(format)))
    }

    fn detected(&self, path: &Path, head: &[u8]) -> anyhow::Result<Format> {
        let name = path.to_string_lossy();
        let inner = match compression::detect(head) {
            Some(packed @ (Compression::Gzip | Compression::Zstd)) => unpacked_head(packed, head),
            _ => None,
        };
        // the name inside of orders.csv.gz is orders.csv
        let detected = match &inner {
            Some(inner) => {
                let name = name.rsplit_once('.').map_or("", |(inner, _)| inner);
                records::detect(Some(name), inner)
            }
            None => records::detect(Some(&name), head),
        };
        match detected {
            Detected::Format(format) => Ok(format),
            Detected::Xml => self.xml(path),
            Detected::ZipFile => bail!(
                "{} is a zip file; unpack it and give its members",
                path.display()
            ),
        }
    }

    fn xml(&self, path: &Path) -> anyhow::Result<Format> {
        let Some(record) = &self.records else {
            bail!(
                "{} is XML: say which element is a record, for example --records /orders/order",
                path.display()
            );
        };
        let options = serde_json::json!({ "record": record, "encoding": self.encoding });
        let options: XmlOptions = serde_json::from_value(options)?;
        Ok(Format::Xml(options))
    }

    fn fixed(&self) -> anyhow::Result<Format> {
        let mut columns = Vec::new();
        for text in &self.columns {
            let parts: Vec<&str> = text.split(':').collect();
            let column = match parts.as_slice() {
                [name, start, width] => {
                    start
                        .parse()
                        .ok()
                        .zip(width.parse().ok())
                        .map(|(start, width)| Column {
                            name: (*name).to_owned(),
                            start,
                            width,
                        })
                }
                _ => None,
            };
            columns.push(column.ok_or_else(|| {
                anyhow!(
                    "--columns {text:?} is not of the form name:start:width, for example no:1:8"
                )
            })?);
        }
        if columns.is_empty() {
            bail!("fixed width needs --columns name:start:width,…");
        }
        let mut options: FixedOptions =
            serde_json::from_value(serde_json::json!({ "columns": [] }))?;
        options.columns = columns;
        options.encoding.clone_from(&self.encoding);
        Ok(Format::Fixed(options))
    }

    /// The format with what the options say of it.
    fn refined(&self, format: Format) -> Format {
        match format {
            Format::Csv(csv) => Format::Csv(CsvOptions {
                delimiter: self.delimiter,
                encoding: self.encoding.clone(),
                header: !self.no_header,
                columns: self.columns.clone(),
                ..csv
            }),
            Format::Json { records } => Format::Json {
                records: self.records.clone().unwrap_or(records),
            },
            Format::Xlsx(xlsx) => Format::Xlsx(XlsxOptions {
                sheet: self.worksheet.clone().or(xlsx.sheet),
                header_row: self.header_row.unwrap_or(xlsx.header_row),
            }),
            other => other,
        }
    }
}

enum Source {
    File(File),
    Pipe,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::File(file) => file.read(buffer),
            Self::Pipe => std::io::stdin().read(buffer),
        }
    }
}

/// A file whose bytes can be read again; anything else is a stream.
fn source(path: &Path) -> anyhow::Result<(Source, Option<u64>)> {
    if path == Path::new("-") {
        return Ok((Source::Pipe, None));
    }
    let file = File::open(path).with_context(|| format!("could not open {}", path.display()))?;
    let about = file.metadata()?;
    if about.is_dir() {
        bail!("{} is a folder; name its files", path.display());
    }
    if !about.is_file() {
        bail!("{} is no file; pipe it in and give -", path.display());
    }
    Ok((Source::File(file), Some(about.len())))
}

/// Stdin in a file without a name, for what is read twice.
pub(super) fn kept_stdin() -> anyhow::Result<File> {
    kept(&[])
}

/// A workbook or Parquet file is read from its end, so a piped one goes to a file without a name first.
fn kept(head: &[u8]) -> anyhow::Result<File> {
    let mut file = tempfile::tempfile().context("could not make a temporary file")?;
    std::io::Write::write_all(&mut file, head)?;
    std::io::copy(&mut std::io::stdin(), &mut file).context("could not read stdin")?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// The first bytes of a compressed file's content, as far as its own first bytes give them.
fn unpacked_head(packed: Compression, head: &[u8]) -> Option<Vec<u8>> {
    let stream = Box::new(Cursor::new(head.to_vec()));
    let mut reader = compression::unpack(packed, stream, UnpackLimits::default()).ok()?;
    let mut inner = vec![0; HEAD_BYTES];
    let mut filled = 0;
    // the end is cut off, which is an error only behind what can be read
    while let Some(room) = inner.get_mut(filled..).filter(|room| !room.is_empty()) {
        match reader.read(room) {
            Ok(0) | Err(_) => break,
            Ok(count) => filled += count,
        }
    }
    inner.truncate(filled);
    (filled > 0).then_some(inner)
}

/// A fault of the whole input.
pub(super) fn fault_error(name: &str, fault: &RowFault) -> anyhow::Error {
    let name = if name.is_empty() { "stdin" } else { name };
    anyhow!(
        "{name}, line {}: {}\n  hint: {}",
        fault.position.line,
        fault.message,
        fault.code.info().hint
    )
}

/// Counts what is read, for the progress bar.
struct Counted<R> {
    inner: R,
    read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

impl<R: Seek> Seek for Counted<R> {
    fn seek(&mut self, place: SeekFrom) -> std::io::Result<u64> {
        self.inner.seek(place)
    }
}
