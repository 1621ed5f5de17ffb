//! Commands that take long: progress, plans, refusals.

use crate::answers::both;
use crate::fake::{FakeDaemon, Script};
use crate::fixtures::{copying, plan, refused_plan, step};
use crate::program::{on_record, transcript};
use steep_ipc::{Failure, Plan, Response};

fn joining(answer: Result<Response, Failure>) -> FakeDaemon {
    let progress = vec![
        step(1, "checking"),
        step(2, "making slots"),
        step(2, "making slots"),
        copying("public.customers", 3),
        copying("public.orders", 4),
        step(7, "catching up"),
    ];
    FakeDaemon::saying(Script { progress, answer })
}

#[test]
fn a_join_shows_its_progress_and_what_was_done() {
    let done = Ok(Response::Plan(plan(true)));
    let arguments = ["node", "add", "db2.lan", "--jobs", "4"];
    on_record!("node-add", transcript(&joining(done.clone()), &arguments));
    let json = [&arguments[..], &["--json"]].concat();
    on_record!("node-add.json", transcript(&joining(done), &json));
}

#[test]
fn a_join_that_fails_says_why() {
    let failed = Failure::peer("db2.lan:5433 cannot be reached").with_hint("start its daemon");
    on_record!("node-add-failed", transcript(&joining(Err(failed)), &["node", "add", "db2.lan"]));
}

#[test]
fn a_dry_run_that_would_be_refused_is_a_no_and_the_real_one_a_refusal() {
    let refused = FakeDaemon::saying(Response::Plan(refused_plan()));
    on_record!("init-dry-refused", transcript(&refused, &["init", "--dry-run"]));
    let refused = FakeDaemon::saying(Response::Plan(refused_plan()));
    on_record!("init-refused", transcript(&refused, &["init"]));
}

#[test]
fn init_takes_patterns() {
    let arguments =
        ["init", "--include", "public.*", "--include", "app.*", "--exclude", "*.log", "--dry-run"];
    both("init-dry", &Response::Plan(plan(false)), &arguments);
    let daemon = FakeDaemon::saying(Response::Plan(Plan::default()));
    on_record!("init-nothing", transcript(&daemon, &["init", "--yes"]));
}

#[test]
fn tables_are_added_with_a_strategy() {
    let arguments = [
        "table",
        "add",
        "public.orders",
        "app.*",
        "--strategy",
        "node_priority",
        "--detection",
        "exact",
        "--node-order",
        "hq,cloud",
    ];
    both("table-add", &Response::Plan(plan(true)), &arguments);
}

#[test]
fn what_cannot_be_taken_back_needs_a_yes() {
    for (name, arguments) in [
        ("node-remove", &["node", "remove", "cloud", "--force"][..]),
        ("table-remove", &["table", "remove", "public.orders"][..]),
        ("range-release", &["range", "release", "public.orders", "1"]),
        ("range-bypass", &["range", "bypass", "--enable"]),
        (
            "resolve-bulk",
            &["conflict", "resolve-bulk", "--local", "--since", "2026-01-31T14:00:00Z"],
        ),
    ] {
        let daemon = FakeDaemon::saying(Response::Plan(plan(true)));
        let text = transcript(&daemon, arguments);
        on_record!(format!("{name}-unconfirmed"), text);
        assert_eq!(daemon.asked(), "", "{name} did something without a yes");
    }
    for (name, arguments) in [
        ("node-remove", &["node", "remove", "cloud", "--yes"][..]),
        ("table-remove", &["table", "remove", "public.orders", "--yes"]),
    ] {
        both(name, &Response::Plan(plan(true)), arguments);
    }
}

#[test]
fn each_class_of_failure_has_its_exit_code() {
    let failures = [
        (Failure::misuse("m"), 2),
        (Failure::transient("t"), 3),
        (Failure::peer("p"), 3),
        (Failure::operator("o"), 4),
        (Failure::bug("b"), 70),
    ];
    for (failure, code) in failures {
        let message = failure.message.clone();
        let text = transcript(&FakeDaemon::saying(failure), &["status"]);
        let expected = format!("--- stderr\nerror: {message}\n--- exit {code}\n");
        assert!(text.contains(&expected), "{text}");
    }
}

#[test]
fn an_answer_to_another_question_is_a_bug() {
    let daemon = FakeDaemon::saying(Response::Nodes(Vec::new()));
    on_record!("other-answer", transcript(&daemon, &["status"]));
}
