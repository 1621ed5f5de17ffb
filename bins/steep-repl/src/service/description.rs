//! The files that systemd and launchd get.

use std::fmt::Write as _;

use steep_ipc_tokio::Level;

use super::{NAME, RESTART_AFTER, Wanted};

/// A unit for systemd.
#[must_use]
pub fn systemd(wanted: &Wanted) -> String {
    let words: Vec<_> = std::iter::once(wanted.program.as_os_str().to_owned())
        .chain(wanted.arguments())
        .map(|word| systemd_word(&word.to_string_lossy()))
        .collect();
    let mut unit = String::from(
        "[Unit]\n\
         Description=steep-repl, replication of a PostgreSQL database\n\
         Documentation=man:steep-repl(1)\n\
         # It waits for PostgreSQL by itself, wherever that runs.\n\
         Wants=network-online.target\n\
         After=network-online.target postgresql.service\n\
         \n\
         [Service]\n\
         Type=exec\n",
    );
    // Writing to a string cannot fail, here and below.
    let _ = writeln!(unit, "ExecStart={}", words.join(" "));
    let _ = writeln!(unit, "Restart=on-failure\nRestartSec={RESTART_AFTER}");
    // What is in flight is finished first, for up to replication.watch.shutdown_timeout.
    unit.push_str("TimeoutStopSec=10min\n# Only the daemon itself: the programs it started are its to end.\nKillMode=mixed\n");
    let target = match wanted.level {
        Level::User => "default.target",
        Level::System => {
            if let Some(user) = &wanted.run_as {
                let _ = writeln!(unit, "User={user}");
            }
            unit.push_str(
                "RuntimeDirectory=steep\nStateDirectory=steep-repl\nStateDirectoryMode=0700\n\
                 NoNewPrivileges=yes\nProtectSystem=full\nPrivateTmp=no\n",
            );
            "multi-user.target"
        }
    };
    let _ = write!(unit, "\n[Install]\nWantedBy={target}\n");
    unit
}

/// A word of a command line, as `systemd.syntax(7)` quotes it.
fn systemd_word(word: &str) -> String {
    let word = word.replace('%', "%%").replace('$', "$$");
    if word.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\' || c == '\'') {
        format!("\"{}\"", word.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        word
    }
}

/// A property list for launchd.
#[must_use]
pub fn launchd(wanted: &Wanted) -> String {
    let words: String = std::iter::once(wanted.program.as_os_str().to_owned())
        .chain(wanted.arguments())
        .map(|word| format!("        <string>{}</string>\n", xml(&word.to_string_lossy())))
        .collect();
    let user = wanted.run_as.as_ref().filter(|_| wanted.level == Level::System);
    let user = user.map_or_else(String::new, |user| {
        format!("    <key>UserName</key>\n    <string>{}</string>\n", xml(user))
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n\
         <dict>\n\
         \x20   <key>Label</key>\n\
         \x20   <string>{NAME}</string>\n\
         \x20   <key>ProgramArguments</key>\n\
         \x20   <array>\n\
         {words}\
         \x20   </array>\n\
         {user}\
         \x20   <key>RunAtLoad</key>\n\
         \x20   <true/>\n\
         \x20   <key>KeepAlive</key>\n\
         \x20   <dict>\n\
         \x20       <key>SuccessfulExit</key>\n\
         \x20       <false/>\n\
         \x20   </dict>\n\
         \x20   <key>ThrottleInterval</key>\n\
         \x20   <integer>{RESTART_AFTER}</integer>\n\
         \x20   <key>ExitTimeOut</key>\n\
         \x20   <integer>600</integer>\n\
         \x20   <key>StandardErrorPath</key>\n\
         \x20   <string>/var/log/steep-repl.log</string>\n\
         </dict>\n\
         </plist>\n"
    )
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_paths_are_quoted() {
        assert_eq!(systemd_word("/usr/bin/steep-repl"), "/usr/bin/steep-repl");
        assert_eq!(systemd_word("/my files/50%.yaml"), "\"/my files/50%%.yaml\"");
        assert_eq!(xml("a<b>&c"), "a&lt;b&gt;&amp;c");
    }
}
