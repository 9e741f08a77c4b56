//! The two forms of an error: three parts for people, one object for scripts.

use serde_json::{Value, json};

use super::CommandError;
use crate::output::color::{Palette, Role};
use crate::output::text::{escape_controls, width_of};

/// Where the stable code stands on the first line when the message is short.
const CODE_COLUMN: usize = 60;

impl CommandError {
    /// The text for people: what happened, where the command looked, what to do next.
    pub(crate) fn to_text(&self, palette: Palette) -> String {
        let inner = &self.inner;
        let message = escape_controls(&inner.message);
        let label = palette.paint(Role::Bad, "error:");
        let code = palette.paint(Role::Dim, &format!("[{}]", inner.code.name));
        let gap = CODE_COLUMN
            .saturating_sub("error: ".len() + width_of(&message))
            .max(2);
        let mut text = format!("{label} {message}{:gap$}{code}\n", "");
        for line in inner.excerpt.iter().flat_map(|lines| lines.lines()) {
            text.push_str(&format!("    {}\n", escape_controls(line)));
        }
        if let Some(place) = &inner.looked_at {
            text.push_str(&format!("  looked at: {}\n", escape_controls(place)));
        }
        if !inner.did_you_mean.is_empty() {
            let names: Vec<_> = inner
                .did_you_mean
                .iter()
                .map(|name| escape_controls(name))
                .collect();
            text.push_str(&format!("  did you mean: {}?\n", names.join(", ")));
        }
        let steps: Vec<_> = self
            .next_steps()
            .iter()
            .map(|step| escape_controls(step).into_owned())
            .collect();
        text.push_str(&format!("  next: {}\n", steps.join("    ·    ")));
        text
    }

    /// The object for scripts.
    pub(crate) fn to_json(&self) -> Value {
        let inner = &self.inner;
        let mut error = json!({
            "code": inner.code.name,
            "exit": inner.kind.exit_code(),
            "message": inner.message,
            "hint": self.next_steps().join(" · "),
            "retryable": inner.retryable,
        });
        if let Some(remote_code) = inner.remote_code {
            error["remote_code"] = remote_code.into();
        }
        if let Some(lines) = &inner.excerpt {
            error["excerpt"] = lines.as_str().into();
        }
        if let Some(place) = &inner.looked_at {
            error["looked_at"] = place.as_str().into();
        }
        if !inner.did_you_mean.is_empty() {
            error["did_you_mean"] = inner.did_you_mean.clone().into();
        }
        error["details"] = Value::Object(inner.details.clone());
        json!({ "error": error })
    }

    /// Whether there is anything to print at all.
    pub(crate) fn is_silent(&self) -> bool {
        self.inner.kind.is_silent()
    }

    /// The command's own steps, and the one that always helps.
    fn next_steps(&self) -> Vec<String> {
        let mut steps = self.inner.next.clone();
        let topic = match self.inner.remote_code.and_then(super::remote::by_code) {
            Some(entry) => entry.name,
            None => self.inner.code.name,
        };
        steps.push(format!("gantry explain {topic}"));
        steps
    }
}
