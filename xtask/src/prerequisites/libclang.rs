//! libclang: pgrx reads the server's headers with it, and pg_query those of its parser.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::missing::Missing;

/// libclang, unless it is where the `clang-sys` crate will find it.
pub(super) fn missing() -> Option<Missing> {
    if folders().iter().any(|folder| holds_libclang(folder)) {
        return None;
    }
    let what = "libclang, which reads PostgreSQL's headers";
    if let Some(named) = env::var_os("LIBCLANG_PATH") {
        return Some(Missing {
            name: format!("{what}; LIBCLANG_PATH is {}, where it is not", named.display()),
            debian: None,
            elsewhere: "unset LIBCLANG_PATH, or let it name the folder that holds libclang",
        });
    }
    Some(Missing {
        name: what.to_owned(),
        debian: Some("libclang-dev clang"),
        elsewhere: "dnf install clang-devel; brew install llvm; winget install LLVM.LLVM; or set \
                    LIBCLANG_PATH to the folder that holds it",
    })
}

/// `LIBCLANG_PATH` alone when it is set, as in `clang-sys`; else its usual places.
fn folders() -> Vec<PathBuf> {
    if let Some(named) = env::var_os("LIBCLANG_PATH").map(PathBuf::from) {
        // It may name the library itself.
        let parent = named.parent().map(Path::to_owned);
        return [Some(named), parent].into_iter().flatten().collect();
    }
    let mut folders: Vec<PathBuf> = [
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/usr/lib/llvm/lib",
        "/opt/homebrew/opt/llvm/lib",
        "/usr/local/opt/llvm/lib",
        "/Library/Developer/CommandLineTools/usr/lib",
        "/Applications/Xcode.app/Contents/Developer/Toolchains/XcodeDefault.xctoolchain/usr/lib",
        r"C:\Program Files\LLVM\bin",
    ]
    .map(PathBuf::from)
    .into();
    // `llvm-14/lib` and `x86_64-linux-gnu`.
    for entry in fs::read_dir("/usr/lib").into_iter().flatten().flatten() {
        folders.extend([entry.path(), entry.path().join("lib")]);
    }
    folders
}

fn holds_libclang(folder: &Path) -> bool {
    let is_library = |name: &str| {
        let is_shared = name.contains(".so") || name.ends_with(".dylib") || name.ends_with(".dll");
        is_shared
            && (name.starts_with("libclang.") || name.starts_with("libclang-"))
            && !name.starts_with("libclang-cpp")
    };
    let mut names = fs::read_dir(folder).into_iter().flatten().flatten();
    names.any(|entry| entry.file_name().to_str().is_some_and(is_library))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_c_interface_is_told_from_the_cpp_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("libclang-cpp.so.14"), "").unwrap();
        assert!(!holds_libclang(folder.path()));
        fs::write(folder.path().join("libclang-14.so.1"), "").unwrap();
        assert!(holds_libclang(folder.path()));
    }
}
