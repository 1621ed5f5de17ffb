//! Passwords that nobody has to think of.

use std::fmt::Write;

/// A new password of 256 random bits, in characters that need no quoting anywhere.
pub(super) fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// What the server stores of it, and all that its log could show (`scram_build_secret`,
/// scram-common.c).
pub(super) fn verifier(password: &str) -> String {
    postgres_protocol::password::scram_sha_256(password.as_bytes())
}
