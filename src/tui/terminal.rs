//! The terminal: taken over when the dashboard starts, given back however it ends.
//!
//! Invariant: between [`Screen::enter`] and [`leave`] the terminal is ours; every way out of the
//! process that we can see goes through [`leave`], panics and signals included.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use base64::Engine as _;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::state::State;
use crate::view;

/// Whether the terminal is ours at this moment. One process has one terminal.
static IS_ENTERED: AtomicBool = AtomicBool::new(false);

/// The longest text that is put on the clipboard, in bytes; terminals refuse more.
pub const COPY_MAX: usize = 74_000;

/// The screen while it is ours.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
    has_mouse: bool,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes the terminal over: raw keys, a screen of its own, pasted text as such.
    ///
    /// # Errors
    /// Standard output is no terminal, or it refuses.
    pub fn enter(has_mouse: bool) -> io::Result<Self> {
        take(has_mouse)?;
        let made = Terminal::new(CrosstermBackend::new(io::stdout()));
        let mut terminal = made.inspect_err(|_| leave())?;
        terminal.clear().inspect_err(|_| leave())?;
        Ok(Self {
            terminal,
            has_mouse,
        })
    }

    /// Draws what has changed.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        self.terminal.draw(|frame| view::view(state, frame))?;
        Ok(())
    }

    /// Draws every cell at the next drawing.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn clear(&mut self) -> io::Result<()> {
        self.terminal.autoresize()?;
        self.terminal.clear()
    }

    /// Columns and rows.
    ///
    /// # Errors
    /// The terminal does not tell.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Puts a text on the clipboard, by the sequence (OSC 52) that also reaches the terminal of a
    /// remote user. Whether it does is not told. A text longer than [`COPY_MAX`] is not copied.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn copy(&mut self, text: &str) -> io::Result<bool> {
        if text.len() > COPY_MAX {
            return Ok(false);
        }
        let encoded = base64::engine::general_purpose::STANDARD.encode(text);
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{encoded}\x1b\\")?;
        out.flush()?;
        Ok(true)
    }

    /// Gives the mouse to the dashboard or to the terminal, which then selects text with it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn capture_mouse(&mut self, captures: bool) -> io::Result<()> {
        self.has_mouse = captures;
        if captures {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }

    /// Gives the terminal to the shell, as ctrl-z does; returns when it lets us go on.
    ///
    /// # Errors
    /// The terminal is gone when we come back.
    pub fn suspend(&mut self) -> io::Result<()> {
        leave();
        // Raised in this thread, so that it stops here and not after the screen was taken again.
        signal_hook::low_level::raise(signal_hook::consts::SIGTSTP)?;
        self.resume()
    }

    /// Takes the terminal over again, after somebody else had it.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn resume(&mut self) -> io::Result<()> {
        take(self.has_mouse)?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

fn take(has_mouse: bool) -> io::Result<()> {
    IS_ENTERED.store(true, Ordering::SeqCst);
    let entered = enable_raw_mode().and_then(|()| {
        let mut out = io::stdout();
        execute!(
            out,
            EnterAlternateScreen,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        if has_mouse {
            execute!(out, EnableMouseCapture)?;
        }
        Ok(())
    });
    entered.inspect_err(|_| leave())
}

/// Gives the terminal back, if it is ours. What cannot be done any more is left: the terminal is gone.
pub fn leave() {
    if !IS_ENTERED.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    drop(execute!(
        out,
        DisableMouseCapture,
        DisableBracketedPaste,
        LeaveAlternateScreen,
        cursor::Show
    ));
    drop(disable_raw_mode());
}

/// The hook that was there before ours.
type Hook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync>;

/// From now on a panic gives the terminal back first, writes what is known of it into a file of this
/// folder, and prints one line. Without a folder, or if it cannot be written, the hook that was there
/// before speaks.
pub fn restore_on_panic(
    crash_folder: Option<PathBuf>,
    now_ms: impl Fn() -> i64 + Send + Sync + 'static,
) {
    let before: Hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let was_ours = IS_ENTERED.load(Ordering::SeqCst);
        leave();
        let written = crash_folder
            .as_ref()
            .filter(|_| was_ours)
            .and_then(|folder| write_crash(folder, now_ms(), panic).ok());
        match written {
            Some(path) => {
                let line = format!(
                    "gantry: the dashboard failed; what is known is in {}\n",
                    path.display()
                );
                drop(io::stderr().write_all(line.as_bytes()));
            }
            None => before(panic),
        }
    }));
}

fn write_crash(
    folder: &std::path::Path,
    now_ms: i64,
    panic: &std::panic::PanicHookInfo<'_>,
) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let path = folder.join(format!("crash-{now_ms}.txt"));
    let trace = std::backtrace::Backtrace::force_capture();
    let version = env!("CARGO_PKG_VERSION");
    std::fs::write(&path, format!("gantry {version}\n{panic}\n\n{trace}\n"))?;
    Ok(path)
}
