//! Writes `docs/reference/ddl.md`:
//! `cargo run -q -p steep-ddl --example reference > docs/reference/ddl.md`.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::fmt::Write as _;
use steep_ddl::{Class, Kind, Treatment};

const HEAD: &str = "\
# What becomes of each statement

Made from the table in `crates/steep-ddl` (`cargo run -q -p steep-ddl --example reference`); a test
compares the two.

The names in the first column are what `replication.ddl.auto_apply`, `require_approval` and `exclude`
take. Also what several names begin with: a command (`ALTER TABLE`, for all its subcommands), or words
and a star (`DROP *`, `*`). Of several entries that match, the one of most words decides. A statement
that does several things is handled as strictly as the strictest of them.

| by default | the peers | can be configured |
|---|---|---|
| auto | carry it out when it arrives | yes |
| approval | wait until somebody has approved it, on any node | yes |
| approval (checks rows) | the same, unless the table was made in the same transaction: a peer may have rows that do not pass | only by its own name, not by a command or a star |
| excluded | never hear of it; a WARNING at the origin says so | yes |
| never, told | never hear of it; a WARNING at the origin says so | no |
| never | never hear of it, as everybody expects | no |

Whatever is configured: values that would be other ones on each node (`ADD COLUMN … DEFAULT now()`,
`serial`, a volatile `USING`) and `CASCADE` need approval. Temporary objects are left alone. With
`CONCURRENTLY` the peers' daemons carry a statement out, outside the stream.

| statement | by default | why |
|---|---|---|
";

/// The whole page.
pub(crate) fn page() -> String {
    Kind::ALL.iter().fold(HEAD.to_owned(), |mut page, kind| {
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| `{kind}` | {} | {} |", by_default(*kind), kind.why());
        page
    })
}

fn by_default(kind: Kind) -> String {
    match kind.treatment() {
        Treatment::Replicated(Class::AutoApply) => "auto".to_owned(),
        Treatment::Replicated(Class::RequireApproval) => "approval".to_owned(),
        Treatment::Replicated(Class::Exclude) => "excluded".to_owned(),
        Treatment::Checking => "approval (checks rows)".to_owned(),
        Treatment::Told(reason) => format!("never, told (`{reason}`)"),
        Treatment::Silent(reason) => format!("never (`{reason}`)"),
        other => format!("{other:?}"),
    }
}

fn main() {
    print!("{}", page());
}
