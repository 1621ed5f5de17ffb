use super::source::{LONGEST, one_line};
use super::{Secret, SecretError, words};
use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long a command may take: an agent asks a server, a person is not asked.
pub(super) const LIMIT: Duration = Duration::from_secs(10);

/// Runs a command and takes the first line it prints.
pub(super) fn run(text: &str, limit: Duration) -> Result<Secret, SecretError> {
    let words = words::split(text).ok_or(SecretError::Words)?;
    let (program, arguments) = words.split_first().ok_or(SecretError::Words)?;
    let start = |source| SecretError::Start { program: program.clone(), source };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // What a tool complains about may quote the secret.
        .stderr(Stdio::null())
        .spawn()
        .map_err(start)?;
    let outcome = wait(&mut child, limit);
    if !matches!(outcome, Ok(Some(_))) {
        let _ = child.kill();
        let _ = child.wait();
    }
    let timed_out = || SecretError::TimedOut { program: program.clone(), limit };
    let (status, output) = outcome.map_err(start)?.ok_or_else(timed_out)?;
    if !status.success() {
        return Err(SecretError::Failed { program: program.clone(), status });
    }
    one_line(&output, format!("password_command \"{program}\""))
}

/// Everything that was printed, up to a limit, and how the command ended; none if it did not.
fn wait(child: &mut Child, limit: Duration) -> io::Result<Option<(ExitStatus, Vec<u8>)>> {
    let deadline = Instant::now() + limit;
    let Some(stdout) = child.stdout.take() else { return Ok(None) };
    let (sender, output) = mpsc::channel();
    // The thread is not joined: a process that the command left behind may hold the pipe open.
    thread::Builder::new().name("password_command".into()).spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.take(2 * LONGEST as u64).read_to_end(&mut bytes).map(|_| bytes);
        let _ = sender.send(read);
    })?;
    let Ok(bytes) = output.recv_timeout(limit) else { return Ok(None) };
    let bytes = bytes?;
    // The pipe is closed, so the end is near; the standard library can only ask for it.
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some((status, bytes)));
        }
        if Instant::now() >= deadline {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_is_the_password() {
        assert_eq!(run("printf 'one\\ntwo'", LIMIT).unwrap().reveal(), "one");
        assert_eq!(run("printf 'one\\r\\n'", LIMIT).unwrap().reveal(), "one");
    }

    #[test]
    fn no_shell_is_involved() {
        assert_eq!(run("echo $HOME;true", LIMIT).unwrap().reveal(), "$HOME;true");
    }

    #[test]
    fn a_command_that_fails_is_an_error_without_its_output() {
        let error = run("sh -c 'echo hunter2; echo hunter2 >&2; exit 3'", LIMIT).unwrap_err();
        assert!(matches!(error, SecretError::Failed { .. }));
        assert!(!format!("{error:?} {error} {}", error.hint()).contains("hunter2"));
        assert!(matches!(run("no-such-program-here", LIMIT), Err(SecretError::Start { .. })));
        assert!(matches!(run("true", LIMIT), Err(SecretError::Empty { .. })));
        assert!(matches!(run("printf '\\377'", LIMIT), Err(SecretError::NotText { .. })));
    }

    #[test]
    fn a_command_that_does_not_end_is_ended() {
        let limit = Duration::from_millis(50);
        for text in ["sleep 1000", "sh -c 'sleep 1000 & wait'", "sh -c 'exec >&-; sleep 1000'"] {
            assert!(matches!(run(text, limit), Err(SecretError::TimedOut { .. })), "{text}");
        }
    }

    #[test]
    fn a_command_that_prints_without_end_is_refused() {
        let error = run("yes yes-without-a-newline-it-is-not", LIMIT).map(|_| ()).err();
        // `yes` is stopped by the closed pipe, which it reports as its status.
        assert!(matches!(error, Some(SecretError::Failed { .. })));
        let error = run("head -c 3000 /dev/zero", LIMIT);
        assert!(matches!(error, Err(SecretError::TooLong { .. } | SecretError::Failed { .. })));
    }
}
