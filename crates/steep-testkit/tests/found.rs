//! Clusters that outlive the value that started them, and the folder they are in.

use std::error::Error;
use std::fs;

use steep_testkit::{
    FoundCluster, GuardedFolder, Major, PgCluster, on_each_major, server_user_can_enter,
};

type Outcome = Result<(), Box<dyn Error>>;

on_each_major! {
    fn a_detached_cluster_is_found_and_removed(major: Major) -> Outcome {
        let parent = tempfile::tempdir()?;
        let folder = GuardedFolder::create(&parent.path().join("clusters"))?;
        if !server_user_can_enter(folder.path())? {
            // Only root makes temporary folders that the servers' OS user cannot enter.
            open(parent.path())?;
        }
        let cluster = PgCluster::builder(major).folder(folder.path().join("a")).start()?;
        let server = cluster.server().clone();
        let detached = cluster.detach()?;
        assert_eq!(detached.folder, folder.path().join("a"));
        let found = FoundCluster::new("a", &detached.folder, server);
        assert_eq!(found.pid(), Some(detached.pid));
        found.remove()?;
        assert_eq!(found.pid(), None);
        assert!(!detached.folder.exists());
        found.remove()?;
        Ok(())
    }
}

#[cfg(unix)]
fn open(folder: &std::path::Path) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o711))?)
}

#[cfg(not(unix))]
fn open(_: &std::path::Path) -> Outcome {
    Ok(())
}

#[test]
fn a_folder_goes_with_its_guard_unless_it_is_kept() -> Outcome {
    let parent = tempfile::tempdir()?;
    let path = parent.path().join("folder");
    drop(GuardedFolder::create(&path)?);
    assert!(!path.exists());
    GuardedFolder::create(&path)?.keep()?;
    assert!(path.exists());
    Ok(())
}

#[test]
fn a_folder_that_holds_something_is_left_alone() -> Outcome {
    let parent = tempfile::tempdir()?;
    fs::write(parent.path().join("precious"), "data")?;
    assert!(GuardedFolder::create(parent.path()).is_err());
    assert!(parent.path().join("precious").exists());
    Ok(())
}
