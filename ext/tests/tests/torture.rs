//! A few seeds of the torture; `cargo xtask torture` runs as many as one likes.

use steep_ext_tests::Failure;
use steep_ext_tests::torture::{Report, Run};
use steep_testkit::{Major, on_each_major};

fn torture(seed: u64, nodes: usize, major: Major) -> Result<(), Failure> {
    let report: Report = Run { seed, nodes, major, transactions: 600 }.run()?;
    // Shown by `--nocapture` and when the test fails: how much was really tried.
    eprintln!("{report}");
    assert!(report.findings.conflicts > 100, "hardly a fight: {report}");
    Ok(())
}

on_each_major! {
    fn two_nodes_end_with_the_same_rows(major: Major) -> Result<(), Failure> {
        torture(1, 2, major)
    }

    fn three_nodes_end_with_the_same_rows(major: Major) -> Result<(), Failure> {
        torture(2, 3, major)
    }
}
