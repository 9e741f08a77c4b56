//! Long text on a terminal goes through a pager, as git and man do it.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

/// What runs when nothing else is set: quits by itself if it all fits, keeps colours.
pub(crate) const DEFAULT: &str = "less -FIRX";

/// Shows `text` in the pager and waits until the reader leaves it.
///
/// # Errors
/// When the pager cannot be started; nothing has been shown then.
pub(super) fn show(command: &str, text: &[u8]) -> io::Result<()> {
    let mut child = Command::new("sh")
        .args(["-c", command])
        // What we write is UTF-8 in every locale.
        .env("LESSCHARSET", "utf-8")
        .stdin(Stdio::piped())
        .spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A reader who leaves early closes the pipe: that is no failure.
        if let Err(error) = stdin.write_all(text)
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            return Err(error);
        }
    }
    let status = child.wait()?;
    // 127: the shell did not find the program, so the reader has seen nothing.
    if status.code() == Some(127) {
        return Err(io::ErrorKind::NotFound.into());
    }
    Ok(())
}
