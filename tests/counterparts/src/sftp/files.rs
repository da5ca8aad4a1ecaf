//! The SFTP requests, answered from a folder. Reads are `pread`s of files that lie in the page
//! cache, done in place: a hand-over to another thread would cost more than the read.

use std::collections::{BTreeMap, HashMap};
use std::fs::{File as OpenFile, Metadata};
use std::os::unix::fs::FileExt as _;
use std::path::{Component, Path, PathBuf};

use russh_sftp::protocol::{
    Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode, Version,
};

use super::Requests;

/// Most bytes in one answer; clients ask for more and cope with less.
const MAX_READ: u32 = 255 * 1024;
/// Names in one answer to a listing.
const NAMES_PER_ANSWER: usize = 500;

#[derive(Debug)]
enum Open {
    File(OpenFile),
    /// what is left to be listed
    Folder(Vec<File>),
}

/// One client's view of the folder.
#[derive(Debug)]
pub(super) struct Files {
    root: PathBuf,
    requests: Requests,
    open: BTreeMap<String, Open>,
    handles: u64,
}

impl Files {
    pub(super) fn new(root: PathBuf, requests: Requests) -> Self {
        Self {
            root,
            requests,
            open: BTreeMap::new(),
            handles: 0,
        }
    }

    fn keep(&mut self, id: u32, open: Open) -> Handle {
        self.handles += 1;
        let handle = self.handles.to_string();
        self.open.insert(handle.clone(), open);
        Handle { id, handle }
    }

    /// The real path of `path`, which must be there and inside the folder.
    fn inside(&self, path: &str) -> Result<PathBuf, StatusCode> {
        let real = self
            .root
            .join(relative(path))
            .canonicalize()
            .map_err(status)?;
        if real.starts_with(&self.root) {
            Ok(real)
        } else {
            Err(StatusCode::PermissionDenied)
        }
    }

    /// A path that may not be there yet, in a folder that is there and inside.
    fn new_place(&self, path: &str) -> Result<PathBuf, StatusCode> {
        let path = relative(path);
        let name = path.file_name().ok_or(StatusCode::Failure)?;
        let parent = path.parent().unwrap_or(Path::new(""));
        Ok(self.inside(&parent.to_string_lossy())?.join(name))
    }
}

/// `path` as the client means it, below the root: `..` cannot climb out.
fn relative(path: &str) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => clean.push(name),
            Component::ParentDir => {
                clean.pop();
            }
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    clean
}

#[expect(clippy::needless_pass_by_value, reason = "given to map_err")]
fn status(error: std::io::Error) -> StatusCode {
    match error.kind() {
        std::io::ErrorKind::NotFound => StatusCode::NoSuchFile,
        std::io::ErrorKind::PermissionDenied => StatusCode::PermissionDenied,
        _ => StatusCode::Failure,
    }
}

fn done(id: u32) -> Status {
    Status {
        id,
        status_code: StatusCode::Ok,
        error_message: "Ok".to_owned(),
        language_tag: "en-US".to_owned(),
    }
}

fn attributes(metadata: &Metadata) -> FileAttributes {
    FileAttributes::from(metadata)
}

impl russh_sftp::server::Handler for Files {
    type Error = StatusCode;

    fn unimplemented(&self) -> StatusCode {
        StatusCode::OpUnsupported
    }

    async fn init(
        &mut self,
        _version: u32,
        _extensions: HashMap<String, String>,
    ) -> Result<Version, StatusCode> {
        Ok(Version::new())
    }

    async fn open(
        &mut self,
        id: u32,
        filename: String,
        pflags: OpenFlags,
        _attrs: FileAttributes,
    ) -> Result<Handle, StatusCode> {
        self.requests.count("open");
        let writes = pflags.contains(OpenFlags::WRITE);
        let creates = writes && pflags.contains(OpenFlags::CREATE);
        let path = match creates {
            true => self.new_place(&filename)?,
            false => self.inside(&filename)?,
        };
        // A link that is there could lead out of the folder.
        if path.is_symlink() {
            return Err(StatusCode::PermissionDenied);
        }
        let file = OpenFile::options()
            .read(true)
            .write(writes)
            .create(creates)
            .truncate(writes && pflags.contains(OpenFlags::TRUNCATE))
            .open(path)
            .map_err(status)?;
        if file.metadata().map_err(status)?.is_dir() {
            return Err(StatusCode::Failure);
        }
        Ok(self.keep(id, Open::File(file)))
    }

    async fn close(&mut self, id: u32, handle: String) -> Result<Status, StatusCode> {
        self.requests.count("close");
        self.open
            .remove(&handle)
            .map(|_| done(id))
            .ok_or(StatusCode::Failure)
    }

    async fn read(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        len: u32,
    ) -> Result<Data, StatusCode> {
        self.requests.count("read");
        let Some(Open::File(file)) = self.open.get(&handle) else {
            return Err(StatusCode::Failure);
        };
        let mut data = vec![0; len.min(MAX_READ) as usize];
        let mut filled = 0;
        while let Some(room) = data.get_mut(filled..).filter(|room| !room.is_empty()) {
            let read = file.read_at(room, offset + filled as u64).map_err(status)?;
            if read == 0 {
                break;
            }
            filled += read;
        }
        if filled == 0 {
            return Err(StatusCode::Eof);
        }
        data.truncate(filled);
        Ok(Data { id, data })
    }

    async fn write(
        &mut self,
        id: u32,
        handle: String,
        offset: u64,
        data: Vec<u8>,
    ) -> Result<Status, StatusCode> {
        self.requests.count("write");
        let Some(Open::File(file)) = self.open.get(&handle) else {
            return Err(StatusCode::Failure);
        };
        file.write_all_at(&data, offset).map_err(status)?;
        Ok(done(id))
    }

    async fn lstat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        self.stat(id, path).await
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, StatusCode> {
        self.requests.count("stat");
        let metadata = self.inside(&path)?.metadata().map_err(status)?;
        Ok(Attrs {
            id,
            attrs: attributes(&metadata),
        })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, StatusCode> {
        self.requests.count("fstat");
        let Some(Open::File(file)) = self.open.get(&handle) else {
            return Err(StatusCode::Failure);
        };
        Ok(Attrs {
            id,
            attrs: attributes(&file.metadata().map_err(status)?),
        })
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, StatusCode> {
        self.requests.count("opendir");
        let folder = self.inside(&path)?;
        let mut names = Vec::new();
        for entry in folder.read_dir().map_err(status)? {
            let entry = entry.map_err(status)?;
            // A link that leads nowhere or out of the folder is not shown.
            let name = entry.file_name().to_string_lossy().into_owned();
            let Ok(real) = self.inside(&format!("{path}/{name}")) else {
                continue;
            };
            let metadata = real.metadata().map_err(status)?;
            names.push(File::new(name, attributes(&metadata)));
        }
        names.sort_by(|a, b| b.filename.cmp(&a.filename));
        Ok(self.keep(id, Open::Folder(names)))
    }

    async fn readdir(&mut self, id: u32, handle: String) -> Result<Name, StatusCode> {
        self.requests.count("readdir");
        let Some(Open::Folder(left)) = self.open.get_mut(&handle) else {
            return Err(StatusCode::Failure);
        };
        if left.is_empty() {
            return Err(StatusCode::Eof);
        }
        let mut files = left.split_off(left.len().saturating_sub(NAMES_PER_ANSWER));
        files.reverse();
        Ok(Name { id, files })
    }

    async fn realpath(&mut self, id: u32, path: String) -> Result<Name, StatusCode> {
        self.requests.count("realpath");
        let path = format!("/{}", relative(&path).to_string_lossy());
        Ok(Name {
            id,
            files: vec![File::dummy(path)],
        })
    }

    async fn remove(&mut self, id: u32, filename: String) -> Result<Status, StatusCode> {
        self.requests.count("remove");
        let path = self.inside(&filename)?;
        std::fs::remove_file(path).map_err(status)?;
        Ok(done(id))
    }

    async fn rename(
        &mut self,
        id: u32,
        oldpath: String,
        newpath: String,
    ) -> Result<Status, StatusCode> {
        self.requests.count("rename");
        let old = self.inside(&oldpath)?;
        let new = self.new_place(&newpath)?;
        if new.exists() {
            // As the protocol's version 3 says; a client that wants to replace removes first.
            return Err(StatusCode::Failure);
        }
        std::fs::rename(old, new).map_err(status)?;
        Ok(done(id))
    }

    async fn mkdir(
        &mut self,
        id: u32,
        path: String,
        _attrs: FileAttributes,
    ) -> Result<Status, StatusCode> {
        self.requests.count("mkdir");
        std::fs::create_dir(self.new_place(&path)?).map_err(status)?;
        Ok(done(id))
    }
}
