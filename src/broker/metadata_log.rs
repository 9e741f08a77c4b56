//! Changes of a table since its JSON file was written: one line each, appended at once.
//!
//! Rewriting a table of ten thousand topics for each new one is what makes RocketMQ slow at it. Here
//! a change costs one short append, which survives the end of the process, and a sync that it shares
//! with those made at the same time, after which it survives a power cut; the JSON file, which RocketMQ
//! reads, follows from time to time and at a clean stop, and then the log is empty again. Replaying a
//! line twice does no harm, so that a crash between the two steps does none either.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::table_file::sync_folder;

/// An open log of changes.
#[derive(Debug)]
pub(crate) struct MetadataLog {
    path: PathBuf,
    file: Arc<File>,
    length: u64,
}

impl MetadataLog {
    /// Opens or creates the log and reads its lines. A line that a crash cut off is dropped: what
    /// it said was not yet acknowledged. So is everything from the first zero on, which is what a power
    /// cut leaves of appends that were never synced.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = open_file(path)?;
        sync_folder(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        if let Some(never_synced) = bytes.iter().position(|byte| *byte == 0) {
            bytes.truncate(never_synced);
        }
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        bytes.truncate(whole);
        let length = whole as u64;
        file.set_len(length)?;
        let text = String::from_utf8(bytes)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        let lines = text.lines().map(str::to_owned).collect();
        Ok((
            Self {
                path: path.to_owned(),
                file: Arc::new(file),
                length,
            },
            lines,
        ))
    }

    /// Appends a line. It survives the end of the process at once, a power cut only after the next
    /// sync of [`file`](Self::file) or write of the JSON file.
    pub(crate) fn append(&mut self, line: &str) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        if let Err(error) = (&*self.file).write_all(&bytes) {
            // Half a line must not run together with the next one.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
    }

    /// What has to be synced for all lines so far to survive a power cut, be it by whoever holds it
    /// after the log has gone on to another file.
    pub(crate) fn file(&self) -> Arc<File> {
        Arc::clone(&self.file)
    }

    /// Bytes of all lines.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Forgets the lines before `end`, which the JSON file holds by now. Those that were added
    /// meanwhile stay, so that the log does not grow for as long as there are changes.
    pub(crate) fn forget(&mut self, end: u64) -> io::Result<()> {
        if end >= self.length {
            self.file.set_len(0)?;
            self.length = 0;
            return Ok(());
        }
        let mut rest = Vec::new();
        let mut whole = File::open(&self.path)?;
        whole.seek(SeekFrom::Start(end))?;
        whole.read_to_end(&mut rest)?;
        let fresh = self.path.with_extension("log.tmp");
        let mut file = File::create(&fresh)?;
        file.write_all(&rest)?;
        // Some of these lines may have been synced, and told to somebody, in the old file.
        file.sync_all()?;
        drop(file);
        std::fs::rename(&fresh, &self.path)?;
        sync_folder(&self.path)?;
        self.file = Arc::new(open_file(&self.path)?);
        self.length = rest.len() as u64;
        Ok(())
    }

    /// Where it is, for messages to people.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn open_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_power_cut_left_of_unsynced_appends_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("topics.log");
        std::fs::write(&path, b"one\ntwo\nthr\0\0\0\0\nfour\n").unwrap();
        let (mut log, lines) = MetadataLog::open(&path).unwrap();
        assert_eq!(lines, ["one", "two"]);
        log.append("five").unwrap();
        assert_eq!(MetadataLog::open(&path).unwrap().1, ["one", "two", "five"]);
    }

    #[test]
    fn lines_come_back_and_a_torn_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config/topics.log");
        let (mut log, lines) = MetadataLog::open(&path).unwrap();
        assert!(lines.is_empty());
        log.append("one").unwrap();
        log.append("two").unwrap();
        drop(log);
        OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap()
            .write_all(b"thr")
            .unwrap();

        let (mut log, lines) = MetadataLog::open(&path).unwrap();
        assert_eq!(lines, ["one", "two"]);
        log.append("four").unwrap();
        assert_eq!(MetadataLog::open(&path).unwrap().1, ["one", "two", "four"]);
        let end = log.length();
        log.append("five").unwrap();
        log.forget(end).unwrap();
        log.append("six").unwrap();
        assert_eq!(MetadataLog::open(&path).unwrap().1, ["five", "six"]);
        log.forget(log.length()).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
        log.append("seven").unwrap();
        assert_eq!(MetadataLog::open(&path).unwrap().1, ["seven"]);
    }
}
