//! Questions before something is changed that cannot easily be changed back.

use std::io::BufRead as _;

use crate::config::Origin;
use crate::config::profile::Risk;
use crate::context::{Context, Target};
use crate::error::{CommandError, codes};

impl Context {
    /// Asks whether to go on: `question` is a whole sentence without "Go on?".
    ///
    /// # Errors
    /// `needs_confirmation` if nobody can be asked, `not_confirmed` if the answer is no.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "what can be undone only with effort asks this: resets, restarts"
        )
    )]
    pub(crate) fn confirm(
        &self,
        target: Option<&Target>,
        question: &str,
    ) -> Result<(), CommandError> {
        if self.is_confirmed(target, question)? {
            return Ok(());
        }
        let answer = self.ask(&format!("{question} Go on? [y/N] "))?;
        if matches!(answer.to_lowercase().as_str(), "y" | "yes") {
            Ok(())
        } else {
            Err(not_confirmed())
        }
    }

    /// Asks to type `name` before something is destroyed.
    ///
    /// # Errors
    /// `needs_confirmation` if nobody can be asked, `not_confirmed` if something else is typed.
    pub(crate) fn confirm_by_name(
        &self,
        target: Option<&Target>,
        question: &str,
        name: &str,
    ) -> Result<(), CommandError> {
        if self.is_confirmed(target, question)? {
            return Ok(());
        }
        let answer = self.ask(&format!("{question} Type {name} to go on: "))?;
        if answer == name {
            Ok(())
        } else {
            Err(not_confirmed())
        }
    }

    /// Whether `--yes` was given, and is enough for this cluster.
    fn is_confirmed(&self, target: Option<&Target>, question: &str) -> Result<bool, CommandError> {
        let yes = self.config.switch("yes");
        let is_prod = target.is_some_and(|target| target.risk == Risk::Prod);
        let is_explicit = self
            .config
            .find("current")
            .is_some_and(|said| matches!(said.origin, Origin::Flag(_)));
        if yes && is_prod && !is_explicit {
            let name = target
                .and_then(|target| target.context.as_deref())
                .unwrap_or_default();
            let text = format!("context \"{name}\" is marked prod: --yes needs --context too");
            return Err(CommandError::new(&codes::NEEDS_CONFIRMATION, text)
                .next(format!("add --context {name} if you are sure")));
        }
        if !yes && !self.can_ask {
            return Err(CommandError::new(
                &codes::NEEDS_CONFIRMATION,
                format!("{question} Nobody can be asked here."),
            )
            .next("add --yes if you are sure"));
        }
        Ok(yes)
    }

    /// Puts a question on stderr and reads one line of stdin.
    fn ask(&self, question: &str) -> Result<String, CommandError> {
        self.out.prompt(question);
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| {
                CommandError::new(&codes::FAILED, format!("cannot read the answer: {error}"))
            })?;
        Ok(line.trim().to_owned())
    }
}

fn not_confirmed() -> CommandError {
    CommandError::new(&codes::NOT_CONFIRMED, "nothing has been changed")
}
