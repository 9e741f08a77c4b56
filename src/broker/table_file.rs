//! A small file that is replaced as a whole: the tables of the config folder.
//!
//! A crash at any moment leaves the old content or the new one, never half of either. What was there
//! before stays beside it as `.bak`, as RocketMQ has it, and is read when the file itself is gone.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::StartError;

/// Bytes that a table may have: a broker with more groups than any table allows stays below.
const TABLE_LENGTH_MAX: u64 = 1 << 30;

/// One step of replacing the content of a path; a crash may come between any two.
type StepFn = fn(&Path, &[u8]) -> io::Result<()>;

const STEPS: [StepFn; 5] = [
    write_fresh,
    |path, _| stage_backup(path),
    |path, _| place_backup(path),
    |path, _| fs::rename(with_extension(path, "tmp"), path),
    |path, _| sync_folder(path),
];

/// Replaces the content of `path`. It survives a power cut when this returns.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    STEPS.iter().try_for_each(|step| step(path, content))
}

/// Writes the new content beside the old one.
fn write_fresh(path: &Path, content: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut file = File::create(with_extension(path, "tmp"))?;
    file.write_all(content)?;
    file.sync_all()
}

/// The content of `path`, or of its backup where `path` is not there; nothing when there is neither.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match read_file(path)? {
        Some(content) => Ok(Some(content)),
        None => read_file(&with_extension(path, "bak")),
    }
}

/// What `path` holds, as `parse` understands it: or its backup, where the file itself is not to be
/// understood. Nothing when there is neither.
///
/// # Errors
/// There is a file, but no good one.
pub(crate) fn read_json<T, E: std::fmt::Display>(
    path: &Path,
    parse: impl Fn(&[u8]) -> Result<T, E>,
) -> Result<Option<T>, StartError> {
    let failed = |reason: String| StartError::Table {
        path: path.to_owned(),
        reason,
    };
    let content = read(path).map_err(|error| failed(error.to_string()))?;
    let Some(content) = content else {
        return Ok(None);
    };
    let reason = match parse(&content) {
        Ok(value) => return Ok(Some(value)),
        Err(error) => error.to_string(),
    };
    tracing::warn!(path = %path.display(), reason, "reading the backup instead of the file");
    let backup = read_backup(path).ok().flatten();
    let value = backup.and_then(|content| parse(&content).ok());
    value.map(Some).ok_or_else(|| failed(reason))
}

/// What [`read`] would have given before the last [`write`].
pub(crate) fn read_backup(path: &Path) -> io::Result<Option<Vec<u8>>> {
    read_file(&with_extension(path, "bak"))
}

/// Reads a file; one that is not there or is empty counts as none.
fn read_file(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if file.metadata()?.len() > TABLE_LENGTH_MAX {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("more than {TABLE_LENGTH_MAX} bytes"),
        ));
    }
    let mut content = Vec::new();
    file.take(TABLE_LENGTH_MAX).read_to_end(&mut content)?;
    Ok((!content.is_empty()).then_some(content))
}

/// Gives the present content a second name, so that there is a whole file at every moment.
fn stage_backup(path: &Path) -> io::Result<()> {
    let staged = with_extension(path, "bak.tmp");
    remove_if_there(&staged)?;
    match fs::hard_link(path, &staged) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            // File systems without hard links.
            fs::copy(path, &staged).map(drop)
        }
        // Linked, or there is nothing to keep.
        _ => Ok(()),
    }
}

fn place_backup(path: &Path) -> io::Result<()> {
    match fs::rename(with_extension(path, "bak.tmp"), with_extension(path, "bak")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the names in the folder of `path` survive a power cut.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn with_extension(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_previous_content_stays_as_the_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config").join("topics.json");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, b"one").unwrap();
        assert_eq!(read_backup(&path).unwrap(), None);
        write(&path, b"two").unwrap();
        write(&path, b"three").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"three"[..]));
        assert_eq!(read_backup(&path).unwrap().as_deref(), Some(&b"two"[..]));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
    }

    #[test]
    fn a_lost_or_empty_file_is_read_from_its_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("topics.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        fs::write(&path, b"").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"one"[..]));
        fs::remove_file(&path).unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"one"[..]));
    }

    /// Every crash point: between any two steps, and after each byte of the new file.
    #[test]
    fn a_crash_at_any_step_leaves_the_old_content_or_the_new() {
        let (older, old, new) = (&b"older"[..], &b"old"[..], &b"the new content"[..]);
        for done in 0..=STEPS.len() {
            for length in 0..=new.len() {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("config").join("topics.json");
                write(&path, older).unwrap();
                write(&path, old).unwrap();
                for step in &STEPS[..done] {
                    step(&path, new).unwrap();
                }
                if done == 0 {
                    fs::write(with_extension(&path, "tmp"), &new[..length]).unwrap();
                }
                let found = read(&path).unwrap().unwrap();
                let is_replaced = done >= 4;
                assert_eq!(
                    found,
                    if is_replaced { new } else { old },
                    "{done} {length}"
                );
                let backup = read_backup(&path).unwrap().unwrap();
                assert_eq!(
                    backup,
                    if done >= 3 { old } else { older },
                    "{done} {length}"
                );
                // What the crash left is in nobody's way.
                write(&path, b"newest").unwrap();
                assert_eq!(read(&path).unwrap().unwrap(), b"newest");
                if done > 0 {
                    break;
                }
            }
        }
    }

    #[test]
    fn a_table_that_was_cut_anywhere_is_read_from_its_backup() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("topics.json");
        let (old, new) = ("{\"table\":{\"old\":1}}", "{\"table\":{\"new\":[2]}}");
        write(&path, old.as_bytes()).unwrap();
        write(&path, new.as_bytes()).unwrap();
        for length in 0..new.len() {
            fs::write(&path, &new.as_bytes()[..length]).unwrap();
            let read = read_json(&path, protocol::json::parse).unwrap().unwrap();
            assert_eq!(read.to_string(), old, "cut to {length} bytes");
        }
    }

    #[test]
    fn what_a_crash_left_half_written_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("topics.json");
        write(&path, b"one").unwrap();
        fs::write(with_extension(&path, "tmp"), b"ha").unwrap();
        fs::write(with_extension(&path, "bak.tmp"), b"ha").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some(&b"one"[..]));
        write(&path, b"two").unwrap();
        assert_eq!(read_backup(&path).unwrap().as_deref(), Some(&b"one"[..]));
    }
}
