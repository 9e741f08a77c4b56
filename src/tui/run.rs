//! The loop: takes what happens, changes the state, draws when something has changed.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use clock::SharedClock;
use crossterm::event::{Event, EventStream, KeyEventKind};
use futures_core::Stream as _;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use crate::action::Action;
use crate::effect::Effect;
use crate::key::Key;
use crate::keymap::{KeyError, Keymap, Preset};
use crate::local::Local;
use crate::source::messages::Desk;
use crate::source::{ACTIONS_MAX, Reader, Source};
use crate::state::{State, Target};
use crate::terminal::{self, Screen};
use crate::theme::Theme;
use crate::update::{is_visible, update};
use crate::view::{self, ViewId};

/// How often the dashboard looks at the clock.
const TICK: Duration = Duration::from_millis(250);

/// What the dashboard needs to know.
#[derive(Debug)]
pub struct Options {
    /// Where the data comes from.
    pub source: Arc<dyn Source>,
    /// What time it is.
    pub clock: SharedClock,
    /// What can be done to a cluster of this machine; `None` for any other.
    pub local: Option<Arc<dyn Local>>,
    /// The cluster that is shown.
    pub target: Target,
    /// How everything looks.
    pub theme: Theme,
    /// Whose habits the keys follow.
    pub preset: Preset,
    /// Other keys for some names.
    pub keys: BTreeMap<String, Vec<String>>,
    /// How often the cluster is read.
    pub refresh: Duration,
    /// Drawings a second, at most.
    pub fps: u32,
    /// The view to begin with.
    pub view: ViewId,
    /// Numbers in place of glyphs.
    pub is_numeric: bool,
    /// Whether the mouse is ours.
    pub has_mouse: bool,
    /// Where to write what is known of a crash.
    pub crash_folder: Option<PathBuf>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The user left.
    Quit,
}

/// Why there is no dashboard.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuiError {
    /// The keys of the settings cannot be used.
    #[error("{0}")]
    Keys(#[from] KeyError),
    /// The terminal refuses, or is gone.
    #[error("the terminal cannot be used: {0}")]
    Terminal(#[from] io::Error),
    /// The task that reads the cluster has ended, by a mistake of ours.
    #[error("the reading of the cluster has failed")]
    Source,
}

/// Shows the dashboard until the user leaves. The caller has made sure that there is a terminal.
///
/// # Errors
/// [`TuiError`]: the keys cannot be used, the terminal is gone.
pub async fn run(options: Options) -> Result<Exit, TuiError> {
    let keymap = Keymap::new(options.preset, &options.keys)?;
    let zone = TimeZone::system();
    let mut state = State::new(options.target.clone(), keymap, options.theme, zone);
    state.is_numeric = options.is_numeric;
    state.view = options.view;
    state.now_ms = options.clock.now_ms();
    let clock = options.clock.clone();
    terminal::restore_on_panic(options.crash_folder.clone(), move || clock.now_ms());
    let screen = Screen::enter(options.has_mouse)?;
    state.size = screen.size()?;
    view::refresh(&mut state);
    let (sender, actions) = mpsc::channel(ACTIONS_MAX);
    let source = Arc::clone(&options.source);
    let desk = Desk::new(source.messages(), options.clock.clone(), sender.clone());
    let reader = Reader::start(source, options.clock.clone(), options.refresh, sender);
    let mut dashboard = Dashboard {
        state,
        screen,
        reader,
        desk,
        clock: options.clock,
        actions,
        frame: Duration::from_secs(1) / options.fps.clamp(1, 60),
    };
    dashboard.run().await
}

struct Dashboard {
    state: State,
    screen: Screen,
    reader: Reader,
    /// Reads messages.
    desk: Desk,
    clock: SharedClock,
    actions: mpsc::Receiver<Action>,
    /// The time between two drawings.
    frame: Duration,
}

impl Dashboard {
    async fn run(&mut self) -> Result<Exit, TuiError> {
        let mut events = EventStream::new();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut continued = tokio::signal::unix::signal(
            tokio::signal::unix::SignalKind::from_raw(signal_hook::consts::SIGCONT),
        )?;
        let mut is_dirty = true;
        let mut next_frame = Instant::now();
        loop {
            if is_dirty && Instant::now() >= next_frame {
                self.screen.draw(&self.state)?;
                is_dirty = false;
                next_frame = Instant::now() + self.frame;
            }
            let action = tokio::select! {
                biased;
                event = next_event(&mut events) => match event {
                    Some(event) => action_of(event?),
                    // The terminal was closed.
                    None => return Ok(Exit::Quit),
                },
                Some(action) = self.actions.recv() => Some(action),
                () = tokio::time::sleep_until(next_frame), if is_dirty => None,
                Some(()) = continued.recv() => {
                    self.screen.resume()?;
                    is_dirty = true;
                    None
                }
                _ = ticks.tick() => {
                    if self.reader.has_failed() {
                        return Err(TuiError::Source);
                    }
                    Some(Action::Tick { now_ms: self.clock.now_ms() })
                }
            };
            let Some(action) = action else { continue };
            is_dirty |= is_visible(&self.state, &action);
            for effect in update(&mut self.state, action) {
                match self.carry_out(effect)? {
                    Some(exit) => return Ok(exit),
                    None => is_dirty = true,
                }
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Result<Option<Exit>, TuiError> {
        match effect {
            Effect::Want(wants) => self.reader.want(wants),
            Effect::ReadNow => self.reader.read_now(),
            Effect::Copy(text) => {
                if !self.screen.copy(&text)? {
                    self.state.say("too long for the clipboard");
                }
            }
            Effect::Messages(order) => self.desk.carry_out(order),
            Effect::Redraw => self.screen.clear()?,
            Effect::Suspend => self.screen.suspend()?,
            Effect::Quit => return Ok(Some(Exit::Quit)),
        }
        Ok(None)
    }
}

/// The terminal's next event; `None` when it is gone.
async fn next_event(events: &mut EventStream) -> Option<io::Result<Event>> {
    poll_fn(|context| Pin::new(&mut *events).poll_next(context)).await
}

/// What a terminal's event is to the state; `None`: nothing.
fn action_of(event: Event) -> Option<Action> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Some(Action::Key(Key::of(&key))),
        Event::Paste(text) => Some(Action::Paste(text)),
        Event::Resize(columns, rows) => Some(Action::Resize(columns, rows)),
        _ => None,
    }
}
