//! Who gave a command stands in the audit log of the node where it was given.

use std::error::Error;
use std::process::Command;

use steep_ipc::{NodeRemove, Request};
use steep_testkit::Major;

use super::couple::{Couple, DATABASE, add, plan, remove};
use super::support::Outcome;

/// The OS user of this process, as the system's own tool has it.
fn own_user() -> Result<String, Box<dyn Error>> {
    let id = Command::new("id").arg("-un").output()?;
    Ok(String::from_utf8(id.stdout)?.trim().to_owned())
}

/// The commands that the log has, in their order: what, about what, by whom.
fn recorded(couple: &Couple, node: &str) -> Result<Vec<String>, Box<dyn Error>> {
    let sql = "select concat_ws('|', target_id, new_value ->> 'about', new_value ->> 'os_user')
               from steep_repl.audit_log where action = 'command.give' order by id";
    let rows = couple.cluster(node).query(DATABASE, sql)?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

#[test]
fn the_os_user_who_gave_a_command_is_recorded() -> Outcome {
    let couple = Couple::start(Major::V18, |builder| builder, "")?;
    couple.on("a", "create table t (id int primary key)")?;
    couple.init()?;
    couple.join()?;
    let joined = couple.address_of_b();
    plan(&couple.a, &remove("public.t"))?;
    plan(&couple.b, &add(&["public.t"]))?;
    couple.b.ask(&Request::Pause)?;
    couple.b.ask(&Request::Resume)?;
    // It is about what was said, also if nothing comes of it.
    assert!(couple.a.ask(&add(&["public.none"])).is_err());
    assert!(couple.b.ask(&Request::JobCancel).is_err());

    let user = own_user()?;
    let by_user = |commands: &[&str]| -> Vec<String> {
        commands.iter().map(|command| format!("{command}|{user}")).collect()
    };
    let on_b = ["table add|public.t", "node pause|", "node resume|", "node cancel|"];
    assert_eq!(recorded(&couple, "b")?, by_user(&on_b));
    plan(&couple.a, &Request::NodeRemove(NodeRemove { node: "b".into(), force: false }))?;
    let added = format!("node add|{joined}");
    let on_a = ["init|", &added, "table remove|public.t", "table add|public.none", "node remove|b"];
    assert_eq!(recorded(&couple, "a")?, by_user(&on_a));
    couple.finish();
    Ok(())
}
