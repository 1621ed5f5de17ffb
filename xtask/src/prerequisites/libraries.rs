//! The shared libraries that the servers are linked with.

use std::process::Command;

use anyhow::Result;

use super::missing::Missing;
use crate::pg::Installation;
use crate::process;

/// Where Debian and Ubuntu have what the packages of PyPI are linked with.
const DEBIAN: [(&str, &str); 7] = [
    ("libssl.so.3", "libssl3"),
    ("libcrypto.so.3", "libssl3"),
    ("libxml2.so.2", "libxml2"),
    ("liblz4.so.1", "liblz4-1"),
    ("libzstd.so.1", "libzstd1"),
    ("libgssapi_krb5.so.2", "libgssapi-krb5-2"),
    ("libicuuc.so.72", "libicu72"),
];

/// The libraries that the system's loader does not find. Only Linux' loader can be asked.
pub(super) fn missing(installations: &[Installation]) -> Result<Vec<Missing>> {
    let mut missing = Vec::new();
    if !cfg!(target_os = "linux") {
        return Ok(missing);
    }
    for installation in installations {
        for program in ["postgres", "psql"] {
            let path = installation.program(program);
            let output = process::output(Command::new("ldd").arg(&path))?;
            for library in not_found(&String::from_utf8_lossy(&output.stdout)) {
                let package = DEBIAN.iter().find(|(known, _)| *known == library);
                missing.push(Missing {
                    name: format!("{library}, which {} is linked with", path.display()),
                    debian: package.map(|(_, package)| *package),
                    elsewhere: "install the system's package that has this library, or install \
                                PostgreSQL from the system's packages and set STEEP_PG_CONFIG_16, \
                                _17 and _18 to the paths of its pg_config",
                });
            }
        }
    }
    Ok(missing)
}

/// The lines `libxml2.so.2 => not found` of ldd.
fn not_found(ldd: &str) -> Vec<&str> {
    ldd.lines().filter_map(|line| Some(line.split_once(" => not found")?.0.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_is_not_there_is_found_in_the_output_of_ldd() {
        let ldd = "\tlibz.so.1 => /lib/libz.so.1 (0x1)\n\tlibicuuc.so.72 => not found\n";
        assert_eq!(not_found(ldd), ["libicuuc.so.72"]);
    }
}
