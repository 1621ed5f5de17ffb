//! The folder in which the daemon keeps its files.

use steep_ipc::{Check, Level};

use super::{Machine, bytes, check, with_hint};

/// The daemon writes next to nothing; who has less than this has a disk that fills up.
const LITTLE: u64 = 256 << 20;
/// A last moment to do something.
const NEARLY_NOTHING: u64 = 32 << 20;

pub(super) fn disk(machine: &Machine) -> Option<Check> {
    let folder = machine.data_folder.as_ref()?;
    let path = folder.path.display();
    if let Err(why) = &folder.written {
        let free = match &folder.free {
            Ok(free) => format!("; {} are free there", bytes(*free)),
            Err(_) => String::new(),
        };
        let told = format!("cannot write to {path}, where the daemon keeps its files: {why}{free}");
        return Some(with_hint(
            check("disk", Level::Critical, told),
            "make room there, or give the folder back to the daemon's user \
             (replication.data_dir); replication goes on meanwhile, no node can join",
        ));
    }
    let free = match &folder.free {
        Ok(free) => *free,
        Err(why) => {
            let told = format!("how much is free in {path} is not known: {why}");
            return Some(check("disk", Level::Ok, told));
        }
    };
    let level = match free {
        free if free < NEARLY_NOTHING => Level::Critical,
        free if free < LITTLE => Level::Warning,
        _ => return Some(check("disk", Level::Ok, format!("{} are free in {path}", bytes(free)))),
    };
    let told = format!("only {} are free in {path}, where the daemon keeps its files", bytes(free));
    Some(with_hint(
        check("disk", level, told),
        "make room on the disk of replication.data_dir; replication goes on meanwhile",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::data_folder::DataFolder;

    fn judged(free: Result<u64, &str>, written: Result<(), &str>) -> Check {
        let folder = DataFolder {
            path: "data".into(),
            free: free.map_err(str::to_owned),
            written: written.map_err(str::to_owned),
        };
        disk(&Machine { data_folder: Some(folder), ..Machine::default() }).expect("it is judged")
    }

    #[test]
    fn a_disk_that_fills_up_is_told() {
        let level = |free| judged(Ok(free), Ok(())).level;
        assert_eq!(level(1 << 40), Level::Ok);
        assert_eq!(level(100 << 20), Level::Warning);
        assert_eq!(level(1 << 20), Level::Critical);
        let told = judged(Ok(1 << 20), Ok(()));
        assert_eq!(told.message, "only 1.0 MB are free in data, where the daemon keeps its files");
        assert!(told.hint.is_some());
        // Some file systems do not say; what counts is that files can be written.
        assert_eq!(judged(Err("not supported"), Ok(())).level, Level::Ok);
    }

    #[test]
    fn a_folder_that_takes_no_files_is_told_however_much_is_free() {
        let full = judged(Ok(0), Err("no space left"));
        assert_eq!(full.level, Level::Critical);
        assert_eq!(
            full.message,
            "cannot write to data, where the daemon keeps its files: no space left; 0 bytes are \
             free there"
        );
        assert_eq!(judged(Ok(1 << 40), Err("read-only file system")).level, Level::Critical);
        let gone = judged(Err("gone"), Err("gone"));
        assert!(gone.message.ends_with(": gone"), "{}", gone.message);
    }
}
