//! `cargo xtask cluster` from outside: what it starts, what it leaves, what it refuses.

use std::error::Error;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
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

/// A session on each node.
fn clients(description: &serde_json::Value) -> Result<Vec<postgres::Client>, Box<dyn Error>> {
    let nodes = description["nodes"].as_array().ok_or("no nodes")?;
    nodes
        .iter()
        .map(|node| {
            let dsn = node["dsn"].as_str().ok_or("no dsn")?;
            Ok(postgres::Client::connect(dsn, postgres::NoTls)?)
        })
        .collect()
}

fn things(client: &mut postgres::Client) -> Result<Vec<i32>, postgres::Error> {
    let rows = client.query("select id from thing order by id", &[])?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

fn wait_for_things(client: &mut postgres::Client, ids: &[i32]) -> Outcome {
    Ok(wait::until(wait::DEADLINE, format!("rows {ids:?}"), || {
        match things(client).map_err(wait::Observed::new)? {
            seen if seen == ids => Ok(()),
            seen => Err(wait::Observed::new(format!("{seen:?}"))),
        }
    })?)
}

fn insert(client: &mut postgres::Client, id: i32) -> Outcome {
    client.execute("insert into thing values ($1, 'x')", &[&id])?;
    Ok(())
}

fn a_row_written_on_any_appears_on_all(description: &serde_json::Value) -> Outcome {
    let mut clients = clients(description)?;
    for client in &mut clients {
        client.batch_execute("create table thing (id int primary key, v text)")?;
    }
    // Said once, on any node.
    ctl(&description["nodes"][1], &["table", "add", "public.thing"])?;
    let ids: Vec<_> = (0..i32::try_from(clients.len())?).collect();
    for (id, client) in ids.iter().zip(&mut clients) {
        insert(client, *id)?;
    }
    for client in &mut clients {
        wait_for_things(client, &ids)?;
    }
    let health = ctl(&description["nodes"][0], &["health", "--json"])?;
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
        a_row_written_on_any_appears_on_all(&description)?;

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
fn three_majors_in_one_group_and_a_link_that_is_cut() -> Outcome {
    let place = Place::new()?;
    let mut up = place.cluster("up");
    succeeded(up.args(["--nodes", "3", "--pg", "16,17,18", "--proxies"]).output()?)?;
    let description: serde_json::Value =
        serde_json::from_slice(&fs::read(place.folder.join("cluster.json"))?)?;
    let links = description["links"].as_array().ok_or("no links")?;
    assert_eq!(links.len(), 6);
    a_row_written_on_any_appears_on_all(&description)?;
    let mut clients = clients(&description)?;
    let [a, b, c] = clients.as_mut_slice() else { return Err("not three nodes".into()) };

    let link = |order| {
        let mut command = place.cluster("link");
        succeeded(command.args(["--from", "a", "--to", "b", order]).output()?)
    };
    let mut known = vec![0, 1, 2];
    for (cut, heal) in [("cut", "heal"), ("pause", "resume")] {
        let before = known.clone();
        link(cut)?;
        // What b would have by now, if the link let it through: c has the second row.
        for _ in 0..2 {
            let id = i32::try_from(known.len())?;
            insert(a, id)?;
            known.push(id);
            wait_for_things(c, &known)?;
        }
        assert_eq!(things(b)?, before, "{cut}");
        // The other way is open.
        let id = i32::try_from(known.len())?;
        insert(b, id)?;
        known.push(id);
        wait_for_things(a, &known)?;
        link(heal)?;
        wait_for_things(b, &known)?;
    }

    let unknown = place.cluster("link").args(["--from", "a", "--to", "x", "cut"]).output()?;
    assert!(refused(unknown)?.contains("b-c"));
    let control = links[0]["proxy_control"].as_str().ok_or("no control")?.to_owned();
    assert!(TcpStream::connect(&control).is_ok());
    succeeded(place.cluster("down").output()?)?;
    assert!(TcpStream::connect(&control).is_err());
    assert!(place.is_empty()?);
    Ok(())
}

#[test]
fn what_is_not_there_yet_is_refused() -> Outcome {
    let place = Place::new()?;
    let star = place.cluster("up").args(["--topology", "star"]).output()?;
    assert!(refused(star)?.contains("star"));
    assert!(place.is_empty()?);
    Ok(())
}
