//! `steep-repl version`

use steep_ipc::Exit;

use crate::error::Error;
use crate::say;

pub(super) fn execute(json: bool) -> Result<Exit, Error> {
    let version = env!("CARGO_PKG_VERSION");
    if json {
        say(&serde_json::json!({ "version": version, "ipc": steep_ipc::PROTOCOL }).to_string());
    } else {
        say(&format!("steep-repl {version}"));
    }
    Ok(Exit::Done)
}
