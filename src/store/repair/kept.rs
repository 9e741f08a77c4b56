//! The folder with what a repair took away.

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::config::StoreConfig;
use crate::convert::to_usize;
use crate::storage::{FileKind, SharedStorage};

use super::RepairStep;

/// Bytes copied at once.
const COPY_STEP: u64 = 1024 * 1024;
/// Repairs that may begin in one second.
const SAME_SECOND_MAX: usize = 1000;

/// See the head of the file.
pub(super) struct Kept<'a> {
    root: &'a Path,
    storage: &'a SharedStorage,
    name: PathBuf,
    files: Vec<PathBuf>,
}

impl<'a> Kept<'a> {
    /// Makes a new folder in the store directory.
    pub(super) fn begin(
        config: &'a StoreConfig,
        storage: &'a SharedStorage,
        now_ms: i64,
    ) -> io::Result<Self> {
        let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let first = format!("repair-{}", time.strftime("%Y%m%d%H%M%S"));
        let later = (2..SAME_SECOND_MAX).map(|number| format!("{first}-{number}"));
        let mut names = std::iter::once(first.clone()).chain(later);
        let name = loop {
            let name = names.next().ok_or(io::ErrorKind::AlreadyExists)?;
            if storage.stat(&config.root.join(&name))?.is_none() {
                break name;
            }
        };
        storage.create_dir_all(&config.root.join(&name))?;
        Ok(Self {
            root: &config.root,
            storage,
            name: name.into(),
            files: Vec::new(),
        })
    }

    /// The folder, relative to the store.
    pub(super) fn name(&self) -> &Path {
        &self.name
    }

    /// What is in it, relative to it.
    pub(super) fn into_files(self) -> Vec<PathBuf> {
        self.files
    }

    fn place(&mut self, name: &Path) -> io::Result<PathBuf> {
        let path = self.root.join(&self.name).join(name);
        if let Some(dir) = path.parent() {
            self.storage.create_dir_all(dir)?;
        }
        self.files.push(name.to_owned());
        Ok(path)
    }

    /// Says what is going to be done, for whoever wants it undone.
    pub(super) fn write_plan(&mut self, steps: &[RepairStep]) -> io::Result<()> {
        let mut text = String::from(
            "What was done to this store. To undo it, with no broker running: copy the files of this\n\
             folder back to where they were; write each NAME.at-N back into NAME, N bytes from its\n\
             beginning.\n\n",
        );
        for step in steps {
            text.push_str(&format!("{} {}\n", step.name(), step.file().display()));
        }
        let path = self.place(Path::new("README"))?;
        self.storage.write(&path, text.as_bytes())
    }

    /// Moves a file here.
    pub(super) fn take(&mut self, name: &Path) -> io::Result<()> {
        let path = self.place(name)?;
        self.storage.rename(&self.root.join(name), &path)
    }

    /// Copies some bytes of a file here, as `<name>.at-<first byte>`.
    pub(super) fn copy(&mut self, name: &Path, range: Range<u64>) -> io::Result<()> {
        let part = PathBuf::from(format!("{}.at-{}", name.display(), range.start));
        let path = self.place(&part)?;
        self.copy_to(name, range, &path)
    }

    /// Copies the files of a folder here; one that is not there has none.
    pub(super) fn copy_all(&mut self, folder: &Path) -> io::Result<()> {
        for entry in self.storage.list(&self.root.join(folder))? {
            if entry.is_dir {
                continue;
            }
            let name = folder.join(entry.name);
            let stat = self.storage.stat(&self.root.join(&name))?;
            let path = self.place(&name)?;
            self.copy_to(&name, 0..stat.map_or(0, |stat| stat.size), &path)?;
        }
        Ok(())
    }

    fn copy_to(&self, name: &Path, range: Range<u64>, path: &Path) -> io::Result<()> {
        let from = self.storage.open_to_read(&self.root.join(name))?;
        let to = self
            .storage
            .open(path, FileKind::Queue, range.end - range.start)?;
        let mut buffer = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let length = (range.end - at).min(COPY_STEP);
            buffer.resize(to_usize(length), 0);
            from.read_at(at, &mut buffer)?;
            // What is zero stays a hole.
            if buffer.iter().any(|byte| *byte != 0) {
                to.write_at(at - range.start, &buffer)?;
            }
            at += length;
        }
        to.sync_data()
    }
}
