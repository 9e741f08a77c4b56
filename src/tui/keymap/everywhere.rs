//! The keys that work in every view.

use super::{Binding, Command};
use crate::view::ViewId;

/// The keys that mean the same in every view, in the order of the help.
pub const EVERYWHERE: &[Binding] = &[
    Binding::new(
        Command::Show(ViewId::Cluster),
        "view-cluster",
        &["1"],
        "the cluster",
    ),
    Binding::new(
        Command::Show(ViewId::Topics),
        "view-topics",
        &["2"],
        "the topics",
    ),
    Binding::new(
        Command::Show(ViewId::Groups),
        "view-groups",
        &["3"],
        "the consumer groups",
    ),
    Binding::new(
        Command::Show(ViewId::Messages),
        "view-messages",
        &["4"],
        "the messages of a topic",
    ),
    Binding::new(
        Command::Show(ViewId::Clients),
        "view-clients",
        &["5"],
        "who is connected",
    ),
    Binding::new(
        Command::Show(ViewId::Events),
        "view-events",
        &["6"],
        "what has happened",
    ),
    Binding::new(
        Command::NextPane,
        "next-pane",
        &["tab"],
        "the next pane, or the next view",
    ),
    Binding::new(
        Command::PreviousPane,
        "previous-pane",
        &["shift-tab"],
        "the pane or view before",
    ),
    Binding::new(Command::Up, "up", &["k", "up"], "up").or(&["ctrl-p", "up"], &["up"]),
    Binding::new(Command::Down, "down", &["j", "down"], "down").or(&["ctrl-n", "down"], &["down"]),
    Binding::new(Command::Left, "left", &["h", "left"], "to the left")
        .or(&["ctrl-b", "left"], &["left"]),
    Binding::new(Command::Right, "right", &["l", "right"], "to the right")
        .or(&["ctrl-f", "right"], &["right"]),
    Binding::new(Command::Top, "top", &["g g", "home"], "to the first row")
        .or(&["alt-<", "home"], &["home"]),
    Binding::new(Command::Bottom, "bottom", &["G"], "to the last row")
        .or(&["alt->"], &["ctrl-end"]),
    Binding::new(
        Command::HalfDown,
        "half-page-down",
        &["ctrl-d", "pagedown"],
        "half a page down",
    )
    .or(&["ctrl-v", "pagedown"], &["pagedown"]),
    Binding::new(
        Command::HalfUp,
        "half-page-up",
        &["ctrl-u", "pageup"],
        "half a page up",
    )
    .or(&["alt-v", "pageup"], &["pageup"]),
    Binding::new(Command::Open, "open", &["enter"], "into what is chosen").footer("open"),
    Binding::new(
        Command::Back,
        "back",
        &["esc"],
        "out again, or drop the filter; never out of the dashboard",
    ),
    Binding::new(
        Command::Freeze,
        "freeze",
        &["space"],
        "freeze everything, and let it go on",
    )
    .footer("freeze"),
    Binding::new(Command::Earlier, "earlier", &[","], "back in time").footer("earlier"),
    Binding::new(Command::Later, "later", &["."], "forward in time").footer("later"),
    Binding::new(Command::Live, "live", &["end"], "to what is now"),
    Binding::new(
        Command::ZoomIn,
        "zoom-in",
        &["+", "="],
        "a shorter span of time in charts",
    ),
    Binding::new(
        Command::ZoomOut,
        "zoom-out",
        &["-"],
        "a longer span of time in charts",
    ),
    Binding::new(
        Command::ZoomReset,
        "zoom-reset",
        &["0"],
        "five minutes in charts",
    ),
    Binding::new(
        Command::Expand,
        "expand",
        &["z"],
        "this pane over the whole screen, and back",
    ),
    Binding::new(
        Command::AsCommand,
        "as-command",
        &["x"],
        "what prints the same in a shell; it is copied too",
    )
    .footer("as command"),
    Binding::new(Command::NextTheme, "theme", &["T"], "the next theme"),
    Binding::new(
        Command::Numbers,
        "numbers",
        &["#"],
        "numbers in place of glyphs",
    ),
    Binding::new(Command::Errors, "errors", &["!"], "the errors so far"),
    Binding::new(
        Command::Reconnect,
        "reconnect",
        &["ctrl-r"],
        "read again at once",
    ),
    Binding::new(
        Command::Redraw,
        "redraw",
        &["ctrl-l"],
        "draw everything again",
    ),
    Binding::new(
        Command::Suspend,
        "suspend",
        &["ctrl-z"],
        "to the shell; fg comes back",
    ),
    Binding::new(Command::Help, "help", &["?"], "what the keys do here").footer("help"),
    Binding::new(
        Command::Quit,
        "quit",
        &["q", "ctrl-c"],
        "leave the dashboard",
    )
    .footer("quit"),
];
