//! The pg_regress suite of the extension, with each server's own pg_regress.

use std::fs;
use std::path::{Path, PathBuf};

use steep_ext_tests::Outcome;
use steep_testkit::{Major, PgCluster, on_each_major};

/// In this order: each test goes on where the one before ended.
const SUITE: [&str; 4] = ["install", "identity", "audit", "setup"];

fn suite_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../steep_repl/tests/pg_regress")
}

/// The names of the suite's files with this ending.
fn files(folder: &str, ending: &str) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(suite_dir().join(folder))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        names.push(name.strip_suffix(ending).unwrap_or(&name).to_owned());
    }
    names.sort_unstable();
    Ok(names)
}

#[test]
fn every_file_of_the_suite_is_run() -> Outcome {
    let mut suite = SUITE.map(str::to_owned);
    suite.sort_unstable();
    assert_eq!(files("sql", ".sql")?, suite);
    assert_eq!(files("expected", ".out")?, suite);
    Ok(())
}

on_each_major! {
    fn pg_regress_passes(major: Major) -> Outcome {
        let cluster = PgCluster::builder(major).with_extension().start()?;
        // The server's OS user need not be able to read the sources.
        let mut copied = PathBuf::new();
        for (folder, ending) in [("sql", "sql"), ("expected", "out")] {
            for name in SUITE {
                let file = format!("{folder}/{name}.{ending}");
                let text = fs::read_to_string(suite_dir().join(&file))?;
                for refused in text.lines().filter_map(|line| line.strip_prefix("ERROR:  ")) {
                    cluster.expect_error(refused);
                }
                copied = cluster.put_file(&file, &text)?;
            }
        }
        let work = copied.parent().and_then(Path::parent).ok_or("no folder")?;
        let bin_dir = cluster.server().prefix.join("bin");
        let mut arguments = vec![
            format!("--bindir={}", bin_dir.display()),
            "--inputdir=.".to_owned(),
            "--expecteddir=.".to_owned(),
            "--outputdir=.".to_owned(),
            "--host=127.0.0.1".to_owned(),
            format!("--port={}", cluster.port()),
            "--user=postgres".to_owned(),
            "--dbname=regress".to_owned(),
        ];
        arguments.extend(SUITE.map(str::to_owned));
        let pg_regress = "lib/pgxs/src/test/regress/pg_regress";
        if let Err(error) = cluster.run_program(pg_regress, "postgres", &arguments) {
            let diffs = fs::read_to_string(work.join("regression.diffs")).unwrap_or_default();
            panic!("{error}\n{diffs}");
        }
        cluster.finish();
        Ok(())
    }
}
