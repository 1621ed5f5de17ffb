//! What is not there, and how it gets there.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::{platform, process, say};

/// A part of the system that is not installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// What it is, and what for.
    pub(super) name: String,
    /// The packages of Debian and Ubuntu that have it, if that is known.
    pub(super) debian: Option<&'static str>,
    /// The command that installs it on other systems.
    pub(super) elsewhere: &'static str,
}

/// Installs what `find` finds missing; fails when it cannot, or when it does not help.
pub(super) fn provide(find: impl Fn() -> Result<Vec<Missing>>) -> Result<()> {
    let missing = find()?;
    if missing.is_empty() {
        return Ok(());
    }
    let Some(packages) = packages(&missing).filter(|_| can_install()) else {
        bail!(advice(&missing));
    };
    say::progress(format!("installing {}", packages.join(" ")));
    apt_get(&["update", "-q"])?;
    apt_get(&[&["install", "-y", "-q"], packages.as_slice()].concat())?;
    let still_missing = find()?;
    if !still_missing.is_empty() {
        bail!("{}\n(apt-get install {} did not help)", advice(&missing), packages.join(" "));
    }
    Ok(())
}

/// All that is missing, when all of it is in packages.
fn packages(missing: &[Missing]) -> Option<Vec<&'static str>> {
    let mut packages = Vec::new();
    for one in missing {
        packages.extend(one.debian?.split(' '));
    }
    packages.sort_unstable();
    packages.dedup();
    Some(packages)
}

fn can_install() -> bool {
    platform::is_root() && Path::new("/usr/bin/apt-get").exists()
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    process::show(command)
}

fn advice(missing: &[Missing]) -> String {
    let mut text = String::from("this machine lacks:");
    for one in missing {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {}", one.name);
        if let Some(packages) = one.debian {
            let _ = write!(text, "\n    Debian, Ubuntu: sudo apt-get install -y {packages}");
        }
        let _ = write!(text, "\n    elsewhere: {}", one.elsewhere);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn missing(debian: Option<&'static str>) -> Missing {
        Missing { name: "a thing".to_owned(), debian, elsewhere: "brew install thing" }
    }

    #[test]
    fn nothing_is_installed_when_something_has_no_package() {
        assert_eq!(packages(&[missing(Some("b a")), missing(Some("a"))]), Some(vec!["a", "b"]));
        assert_eq!(packages(&[missing(Some("a")), missing(None)]), None);
    }

    #[test]
    fn the_advice_has_the_commands() {
        let text = advice(&[missing(Some("libthing"))]);
        assert!(text.contains("apt-get install -y libthing") && text.contains("brew"), "{text}");
    }
}
