//! Changes of a table since its JSON file was written: one line each, appended at once.
//!
//! Rewriting a table of ten thousand topics for each new one is what makes RocketMQ slow at it. Here
//! a change costs one short append, which survives the end of the process; the JSON file, which
//! RocketMQ reads, follows from time to time and at a clean stop, and then the log is empty again.
//! Replaying a line twice does no harm, so that a crash between the two steps does none either.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// An open log of changes.
#[derive(Debug)]
pub(crate) struct MetadataLog {
    path: PathBuf,
    file: File,
    length: u64,
}

impl MetadataLog {
    /// Opens or creates the log and reads its lines. A line that a crash cut off is dropped: what
    /// it said was not yet acknowledged.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<String>)> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        let mut file = open_file(path)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
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
                file,
                length,
            },
            lines,
        ))
    }

    /// Appends a line. It survives the end of the process at once, a power cut only after the next
    /// write of the JSON file.
    pub(crate) fn append(&mut self, line: &str) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(line.len() + 1);
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
        if let Err(error) = self.file.write_all(&bytes) {
            // Half a line must not run together with the next one.
            self.file.set_len(self.length)?;
            return Err(error);
        }
        self.length += bytes.len() as u64;
        Ok(())
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
        std::fs::write(&fresh, &rest)?;
        std::fs::rename(&fresh, &self.path)?;
        self.file = open_file(&self.path)?;
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
