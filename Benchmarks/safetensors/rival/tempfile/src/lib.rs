// SPDX-License-Identifier: Apache-2.0
// Just what the reference's writer uses of the package of this name.
use std::{fs, io, path::{Path, PathBuf}};

pub struct NamedTempFile { file: fs::File, path: PathBuf }
pub struct PersistError { pub error: io::Error }

impl NamedTempFile {
    pub fn new_in(directory: impl AsRef<Path>) -> io::Result<Self> {
        let path = directory.as_ref().join(format!(".rival-{}", std::process::id()));
        Ok(Self { file: fs::OpenOptions::new().create_new(true).read(true).write(true).open(&path)?, path })
    }
    pub fn as_file(&self) -> &fs::File { &self.file }
    pub fn persist(self, to: impl AsRef<Path>) -> Result<fs::File, PersistError> {
        fs::rename(&self.path, to).map_err(|error| PersistError { error })?;
        Ok(self.file)
    }
}
