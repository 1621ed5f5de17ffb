//! `cargo xtask cluster` from outside: what it starts, what it leaves, what it refuses.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use steep_testkit::{Major, on_each_major, postgres, wait};
use tempfile::TempDir;

type Outcome = Result<(), Box<dyn Error>>;

/// A place for clusters, which the OS user that runs servers can enter.
struct Place {
    /// Removed at the end.
    parent: TempDir,
    folder: PathBuf,
}

impl Place {
    fn new() -> Result<Self, Box<dyn Error>> {
        let parent = tempfile::tempdir()?;
        open(parent.path())?;
        let folder = parent.path().join("clusters");
        Ok(Self { parent, folder })
    }

    fn cluster(&self, verb: &str) -> Command {
        cluster(verb, &self.folder)
    }

    /// Nothing of ours is left in the place.
    fn is_empty(&self) -> Result<bool, std::io::Error> {
        Ok(fs::read_dir(self.parent.path())?.next().is_none())
    }
}

/// A test that fails leaves no servers either.
impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.cluster("down").output();
    }
}

#[cfg(unix)]
fn open(folder: &Path) -> Outcome {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(folder, fs::Permissions::from_mode(0o711))?)
}

#[cfg(not(unix))]
fn open(_: &Path) -> Outcome {
    Ok(())
}

fn cluster(verb: &str, folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(["cluster", verb, "--dir"]).arg(folder);
    command
}

fn succeeded(output: Output) -> Result<String, Box<dyn Error>> {
    let errors = String::from_utf8(output.stderr)?;
    assert!(output.status.success(), "{}: {errors}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

/// Why it failed.
fn refused(output: Output) -> Result<String, Box<dyn Error>> {
    assert!(!output.status.success());
    Ok(String::from_utf8(output.stderr)?)
}

/// The operator's command line, for one node of a description.
fn ctl(node: &serde_json::Value, arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let program = format!("steep-replctl{}", std::env::consts::EXE_SUFFIX);
    let mut command = Command::new(Path::new(env!("CARGO_BIN_EXE_xtask")).with_file_name(program));
    command.arg("--config").arg(node["config"].as_str().ok_or("no config")?).args(arguments);
    succeeded(command.output()?)
}

fn a_row_written_on_either_appears_on_both(description: &serde_json::Value) -> Outcome {
    let nodes = [&description["nodes"][0], &description["nodes"][1]];
    let mut clients = Vec::new();
    for node in nodes {
        let dsn = node["dsn"].as_str().ok_or("no dsn")?;
        let mut client = postgres::Client::connect(dsn, postgres::NoTls)?;
        client.batch_execute("create table thing (id int primary key, v text)")?;
        clients.push(client);
    }
    // Said once, on any node.
    ctl(nodes[1], &["table", "add", "public.thing"])?;
    for (id, client) in clients.iter_mut().enumerate() {
        client.execute("insert into thing values ($1, 'x')", &[&i32::try_from(id)?])?;
    }
    for client in &mut clients {
        wait::until(wait::DEADLINE, "both rows", || {
            let count = client
                .query_one("select count(*) from thing", &[])
                .map_err(wait::Observed::new)?
                .get::<_, i64>(0);
            if count == 2 { Ok(()) } else { Err(wait::Observed::new(count)) }
        })?;
    }
    let health = ctl(nodes[0], &["health", "--json"])?;
    let health: serde_json::Value = serde_json::from_str(&health)?;
    assert_ne!(health["status"], "critical", "{health}");
    Ok(())
}

on_each_major! {
    fn clusters_come_up_are_described_and_go(major: Major) -> Outcome {
        let place = Place::new()?;
        let mut up = place.cluster("up");
        up.args(["--nodes", "2", "--database", "shop", "--pg", &major.to_string()]);
        let said = succeeded(up.output()?)?;
        let path = place.folder.canonicalize()?.join("cluster.json");
        assert_eq!(said.trim_end(), path.to_string_lossy());

        let description: serde_json::Value = serde_json::from_slice(&fs::read(&path)?)?;
        for (node, name) in [(&description["nodes"][0], "a"), (&description["nodes"][1], "b")] {
            assert_eq!(node["name"], name);
            let dsn = node["dsn"].as_str().ok_or("no dsn")?;
            let mut client = postgres::Client::connect(dsn, postgres::NoTls)?;
            let sql = "select current_database()::text, steep_repl.node_id(),
                         (select string_agg(node_id, ',' order by node_id) from steep_repl.nodes),
                         current_setting('server_version_num')::integer / 10000";
            let row = client.query_one(sql, &[])?;
            let texts: [String; 3] = [row.get(0), row.get(1), row.get(2)];
            assert_eq!(texts, ["shop", name, "a,b"]);
            assert_eq!(u32::try_from(row.get::<_, i32>(3))?, major.number());
        }
        assert_eq!(description["links"].as_array().map(Vec::len), Some(2));
        a_row_written_on_either_appears_on_both(&description)?;

        let status = succeeded(place.cluster("status").output()?)?;
        assert!(status.contains("a  running") && status.contains("b  running"), "{status}");
        assert_eq!(status.matches("daemon running").count(), 2, "{status}");
        succeeded(place.cluster("down").output()?)?;
        assert!(place.is_empty()?);
        succeeded(place.cluster("down").output()?)?;
        Ok(())
    }

    fn a_killed_up_leaves_nothing(major: Major) -> Outcome {
        let place = Place::new()?;
        let mut up = place.cluster("up");
        up.args(["--nodes", "2", "--pg", &major.to_string()]);
        let mut up = up.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let pid_file = place.folder.join("a/data/postmaster.pid");
        let began = wait::until(wait::DEADLINE, "a server's start", || {
            if pid_file.exists() { Ok(()) } else { Err(wait::Observed::new("none")) }
        });
        up.kill()?;
        up.wait()?;
        began?;
        wait::until(wait::DEADLINE, "nothing left", || match place.is_empty()? {
            true => Ok(()),
            false => Err(wait::Observed::new("a folder")),
        })?;
        Ok(())
    }
}

/// The server is ended by a command of its own shell.
#[cfg(unix)]
#[test]
fn a_stopped_node_is_told_and_taken_down() -> Outcome {
    let place = Place::new()?;
    succeeded(place.cluster("up").args(["--nodes", "1"]).output()?)?;
    let description: serde_json::Value =
        serde_json::from_slice(&fs::read(place.folder.join("cluster.json"))?)?;
    let dsn = description["nodes"][0]["dsn"].as_str().ok_or("no dsn")?;
    let mut client = postgres::Client::connect(dsn, postgres::NoTls)?;
    // The postmaster restarts what a backend takes down; only its own end stays.
    let data_dir = description["nodes"][0]["data_dir"].as_str().ok_or("no data_dir")?;
    let sql = "copy (select 1) to program 'kill -QUIT $(head -1 postmaster.pid)'";
    // The session may be gone before it is answered.
    let _ = client.batch_execute(sql);
    let pid_file = Path::new(data_dir).join("postmaster.pid");
    wait::until(wait::DEADLINE, "the server's end", || {
        if pid_file.exists() { Err(wait::Observed::new("its file")) } else { Ok(()) }
    })?;
    let status = place.cluster("status").arg("--json").output()?;
    assert_eq!(status.status.code(), Some(1));
    let status: serde_json::Value = serde_json::from_slice(&status.stdout)?;
    assert_eq!(status[0]["status"], "stopped");
    succeeded(place.cluster("down").output()?)?;
    assert!(place.is_empty()?);
    Ok(())
}

#[test]
fn a_busy_port_is_named_before_anything_is_made() -> Outcome {
    let place = Place::new()?;
    let busy = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let port = busy.local_addr()?.port().to_string();
    let said = refused(place.cluster("up").args(["--port-base", &port]).output()?)?;
    assert!(said.contains(&port) && said.contains("in use"), "{said}");
    assert!(place.is_empty()?);
    Ok(())
}

#[test]
fn a_folder_that_holds_something_is_refused_and_left() -> Outcome {
    let place = Place::new()?;
    fs::create_dir(&place.folder)?;
    fs::write(place.folder.join("precious"), "data")?;
    let said = refused(place.cluster("up").output()?)?;
    assert!(said.contains("clusters") && said.contains("--dir"), "{said}");
    assert!(refused(place.cluster("down").output()?)?.contains("cluster.json"));
    assert_eq!(fs::read_to_string(place.folder.join("precious"))?, "data");
    Ok(())
}

#[test]
fn what_is_not_there_yet_is_refused() -> Outcome {
    let place = Place::new()?;
    assert!(refused(place.cluster("up").arg("--proxies").output()?)?.contains("--proxies"));
    let star = place.cluster("up").args(["--topology", "star"]).output()?;
    assert!(refused(star)?.contains("star"));
    assert!(place.is_empty()?);
    Ok(())
}
