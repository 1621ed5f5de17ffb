use crate::error::CliError;
use std::io::{self, BufRead, IsTerminal, Write};

/// Asks before something is done that cannot be taken back. Without a terminal, `--yes` says it.
///
/// # Errors
/// The answer is not yes, or there is nobody to ask.
pub(crate) fn confirm(yes: bool, action: &str, question: &str) -> Result<(), CliError> {
    if yes {
        return Ok(());
    }
    if !at_terminal() {
        return Err(CliError::NotConfirmed { action: action.into() });
    }
    if ask(&mut io::stdin().lock(), &mut io::stderr(), question)? {
        Ok(())
    } else {
        Err(CliError::Declined)
    }
}

/// Whether there is somebody who can be asked.
pub(crate) fn at_terminal() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

fn ask(answers: &mut impl BufRead, to: &mut impl Write, question: &str) -> io::Result<bool> {
    write!(to, "{question} [y/N] ")?;
    to.flush()?;
    let mut answer = String::new();
    answers.read_line(&mut answer)?;
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (answer, is_yes) in [
            ("y\n", true),
            ("YES\r\n", true),
            ("\n", false),
            ("", false),
            ("n\n", false),
            ("yo", false),
        ] {
            let mut shown = Vec::new();
            assert_eq!(ask(&mut answer.as_bytes(), &mut shown, "Sure?").unwrap(), is_yes);
            assert_eq!(shown, b"Sure? [y/N] ");
        }
    }
}
