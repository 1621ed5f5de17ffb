//! How long a database takes to join, against copying the same with PostgreSQL's own programs.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use steep_testkit::{Major, PgCluster, PgClusterBuilder};

use super::Size;
use super::figure::{Figure, Target};
use crate::daemons::{Daemon, Programs};
use crate::{cluster, process, say};

const DATABASE: &str = "shop";
/// The copy that is compared with.
const COPY: &str = "plain";

/// Tables of the same size, copied so many at a time.
const TABLES: u32 = 4;
const JOBS: usize = 2;

/// What the joining daemon says when it begins to copy rows, and when it has copied them.
const STEPS: [&str; 2] = ["copying rows", "building indexes"];

/// Time of the copy of all rows, and of the whole, in seconds.
type Times = (f64, f64);

pub(super) fn run(programs: &Programs, major: Major, size: Size) -> Result<Vec<Figure>> {
    let guard = super::folder()?;
    let builder = |name: &str| {
        let builder = PgCluster::builder(major).name(name).with_extension();
        let builder = builder.folder(guard.path().join(name));
        [("shared_buffers", "256MB"), ("max_wal_size", "16GB"), ("autovacuum", "off")]
            .into_iter()
            .fold(builder, |builder, (name, value)| builder.setting(name, value))
    };
    let nodes = PgClusterBuilder::start_all(&[builder("a"), builder("b")])?;
    for node in &nodes {
        node.expect_log("");
        cluster::make_database(node, DATABASE)?;
    }
    let [a, b] = nodes.as_slice() else { bail!("there are not two nodes") };
    say::progress(format!("filling {TABLES} tables with {} rows", size.rows));
    fill(a, size.rows)?;
    let daemons = cluster::join(programs, guard.path(), std::slice::from_ref(a), DATABASE)?;
    let Some(first) = daemons.first() else { bail!("node a has no daemon") };
    let mut init = programs.bare_ctl();
    let certificates = guard.path().join("tls");
    process::last_line(init.args(["tls", "init", "--dir"]).arg(&certificates).arg("b"))?;
    let second = Daemon::start(programs, guard.path(), &certificates, b, DATABASE)?;

    let (mut measured, mut baseline) = (Vec::new(), Vec::new());
    for round in 1..=size.rounds {
        say::progress(format!("round {round}"));
        for is_join in [round % 2 == 0, round % 2 != 0] {
            if is_join {
                measured.push(join(first, &second)?);
                first.must(&["node", "remove", "b", "--yes"])?;
                b.execute("postgres", &format!("drop database {DATABASE} with (force)"))?;
                b.create_database(DATABASE)?;
            } else {
                b.create_database(COPY)?;
                baseline.push(copy(a, b)?);
                b.execute("postgres", &format!("drop database {COPY} with (force)"))?;
            }
            for node in [a, b] {
                node.checkpoint()?;
            }
        }
    }
    let part = |times: &[Times], part: fn(&Times) -> f64| times.iter().map(part).collect();
    let rows = |seconds: f64| f64::from(size.rows) / seconds;
    let rates = |times: &[Times]| times.iter().map(|times| rows(times.0)).collect();
    Ok(vec![
        Figure::new(
            ("join", "copying rows"),
            ("rate", "rows/s"),
            rates(&measured),
            rates(&baseline),
            Target::AtLeast(0.9),
        ),
        Figure::new(
            ("join", "the whole, waits included"),
            ("time", "s"),
            part(&measured, |times| times.1),
            part(&baseline, |times| times.1),
            Target::None,
        ),
    ])
}

fn fill(node: &PgCluster, rows: u32) -> Result<()> {
    for table in 0..TABLES {
        node.execute(
            DATABASE,
            &format!(
                "create table t{table} (id bigint primary key, who int not null, what text not null,
                   at timestamptz not null, price numeric(10, 2));
                 create index on t{table} (who);
                 insert into t{table} select i, i % 1000, repeat(md5(i::text), 3),
                   '2026-01-01'::timestamptz + i * interval '1 second', i / 7.0
                 from generate_series(1, {}) i",
                rows / TABLES
            ),
        )?;
    }
    Ok(node.execute(DATABASE, "vacuum analyze")?)
}

/// The joining node's own words tell when it copies.
fn join(first: &Daemon, second: &Daemon) -> Result<Times> {
    let mut command = first.ctl_command();
    command.args(["node", "add", &second.grpc, "--jobs", &JOBS.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().context("steep-replctl cannot be started")?;
    let said = child.stderr.take().context("steep-replctl has no standard error")?;
    let mut moments = [None; 2];
    let mut text = String::new();
    for line in BufReader::new(said).lines() {
        let line = line?;
        for (step, moment) in STEPS.iter().zip(&mut moments) {
            if moment.is_none() && line.contains(step) {
                *moment = Some(begun.elapsed().as_secs_f64());
            }
        }
        text.push_str(&line);
        text.push('\n');
    }
    let status = child.wait()?;
    match moments {
        [Some(from), Some(to)] if status.success() => {
            Ok((to - from, begun.elapsed().as_secs_f64()))
        }
        _ => bail!("joining failed or did not tell its steps ({status}):\n{text}"),
    }
}

/// Schema before the rows, rows by `copy` through pipes, so many at a time, then the rest.
fn copy(from: &PgCluster, to: &PgCluster) -> Result<Times> {
    let begun = Instant::now();
    schema(from, to, "pre-data")?;
    let copying = Instant::now();
    let tables: Vec<_> = (0..TABLES).collect();
    for some in tables.chunks(JOBS) {
        let mut pipes = Vec::new();
        for table in some {
            let mut out = psql(from, DATABASE, &format!("copy public.t{table} to stdout"));
            let mut out = out.stdout(Stdio::piped()).spawn()?;
            let pipe = out.stdout.take().context("psql has no output")?;
            let mut into = psql(to, COPY, &format!("copy public.t{table} from stdin"));
            pipes.push((out, into.stdin(pipe).stdout(Stdio::null()).spawn()?));
        }
        for (mut out, mut into) in pipes {
            let (out, into) = (out.wait()?, into.wait()?);
            if !out.success() || !into.success() {
                bail!("psql could not copy a table");
            }
        }
    }
    let copied = copying.elapsed().as_secs_f64();
    schema(from, to, "post-data")?;
    to.execute(COPY, "analyze")?;
    Ok((copied, begun.elapsed().as_secs_f64()))
}

fn schema(from: &PgCluster, to: &PgCluster, section: &str) -> Result<()> {
    let mut dump = Command::new(from.server().bin("pg_dump"));
    dump.args([
        "--schema-only",
        "--no-publications",
        "--exclude-schema=steep_repl",
        "--table=public.t*",
    ]);
    dump.args(["--section", section, "--dbname"]).arg(from.conninfo(DATABASE));
    let output = process::output(&mut dump)?;
    if !output.status.success() {
        bail!("pg_dump failed: {}", process::said(&output));
    }
    let text = String::from_utf8(output.stdout)?;
    // The guard's triggers belong to the extension, which the copy does not have.
    let wanted: Vec<_> =
        text.split_inclusive(";\n").filter(|one| !one.contains("steep_repl")).collect();
    to.psql(COPY, &wanted.concat())?;
    Ok(())
}

fn psql(node: &PgCluster, database: &str, sql: &str) -> Command {
    let mut command = Command::new(node.server().bin("psql"));
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql, "-d"]);
    command.arg(node.conninfo(database)).stdin(Stdio::null());
    command
}
