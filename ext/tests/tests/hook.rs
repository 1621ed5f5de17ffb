//! The ProcessUtility hook sees every utility statement and changes none.

use std::io::Read as _;

use postgres::error::ErrorPosition;
use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension, refusal_of};
use steep_testkit::{Major, PgCluster, Severity, on_each_major};

/// What the hook says about the statements that a session runs at DEBUG3.
fn traced(cluster: &PgCluster) -> Vec<String> {
    let message = "steep_repl passes utility statement ";
    let log = cluster.log().into_iter().filter(|entry| entry.severity == Severity::Debug);
    log.filter_map(|entry| Some(entry.message.strip_prefix(message)?.to_owned())).collect()
}

on_each_major! {
    fn other_hooks_see_the_statements_too(major: Major) -> Outcome {
        let builders = [
            PgCluster::builder(major).preload("pg_stat_statements").with_extension(),
            PgCluster::builder(major).with_extension().preload("pg_stat_statements"),
        ];
        for builder in builders {
            let builder = builder.setting("pg_stat_statements.track", "all");
            let cluster = builder.setting("pg_stat_statements.track_utility", "on").start()?;
            cluster.execute(
                DATABASE,
                "create extension steep_repl; create extension pg_stat_statements",
            )?;
            let mut client = cluster.client(DATABASE);
            client.batch_execute("set log_min_messages = debug3")?;
            client.batch_execute("create table seen (id int)")?;
            client
                .batch_execute("do $$ begin execute 'create index nested on seen (id)'; end $$")?;
            client.batch_execute("set log_min_messages = warning")?;
            client.batch_execute("create view not_traced as select 1")?;
            let trace = traced(&cluster);
            assert_eq!(trace, ["CREATE TABLE", "DO", "CREATE INDEX", "SET"]);
            for statement in ["create table seen (id int)", "create index nested on seen (id)"] {
                let calls =
                    format!("select calls from pg_stat_statements where query = '{statement}'");
                assert_eq!(cluster.value(DATABASE, &calls)?, "1", "{statement}");
            }
            cluster.finish();
        }
        Ok(())
    }

    fn results_pass_through(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let mut client = cluster.client(DATABASE);
        // The completion's row count, rows, a stream in both directions, a cursor.
        assert_eq!(client.execute("create table t as select generate_series(1, 3) as id", &[])?, 3);
        let shown: String = client.query_one("show transaction_isolation", &[])?.get(0);
        assert_eq!(shown, "read committed");
        assert!(!client.query("explain select * from t", &[])?.is_empty());
        let mut copied = String::new();
        client
            .copy_out("copy (select id from t order by id) to stdout")?
            .read_to_string(&mut copied)?;
        assert_eq!(copied, "1\n2\n3\n");
        let mut writer = client.copy_in("copy t from stdin")?;
        std::io::Write::write_all(&mut writer, b"4\n5\n")?;
        assert_eq!(writer.finish()?, 2);
        client.batch_execute("begin; declare c cursor for select id from t order by id")?;
        assert_eq!(client.query("fetch 4 from c", &[])?.len(), 4);
        client.batch_execute("commit")?;
        let (one, two) = (1, 2);
        client.batch_execute(
            "create procedure add(inout a int, b int) language plpgsql as \
            $$ begin a := a + b; commit; end $$",
        )?;
        assert_eq!(client.query_one("call add($1, $2)", &[&one, &two])?.get::<_, i32>(0), 3);
        for alone in ["vacuum t", "create index concurrently i on t (id)", "reindex table t"] {
            client.batch_execute(alone)?;
        }
        cluster.finish();
        Ok(())
    }

    fn errors_pass_through_whole(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let mut client = cluster.client(DATABASE);
        client.batch_execute("create table t (id int)")?;
        let exists = refusal_of(&cluster, &mut client, "create table t (id int)");
        assert_eq!(
            (exists.code.as_str(), exists.message.as_str()),
            ("42P07", "relation \"t\" already exists")
        );
        let raised = refusal_of(
            &cluster,
            &mut client,
            "do $$ begin raise exception using \
            errcode = 'ZZ001', message = 'message', detail = 'detail', hint = 'hint'; end $$",
        );
        assert_eq!(
            [raised.code, raised.message, raised.detail, raised.hint],
            ["ZZ001", "message", "detail", "hint"]
        );
        // A check that fails inside a utility statement names what a program looks for.
        client.batch_execute("create table c (id int constraint positive check (id > 0))")?;
        let failed = client.batch_execute("do $$ begin insert into c values (-1); end $$");
        let failed = failed.expect_err("the check fails");
        let failed = failed.as_db_error().expect("the server answers");
        cluster.expect_error(failed.message());
        assert_eq!(failed.code().code(), "23514");
        assert_eq!(
            [failed.schema(), failed.table(), failed.constraint()],
            [Some("public"), Some("c"), Some("positive")]
        );
        let context = failed.where_().unwrap_or_default();
        assert!(
            context.starts_with("SQL statement \"insert into c values (-1)\"\nPL/pgSQL"),
            "{context}"
        );
        let wrong = "create table d (id int default (1 + oops))";
        let failed = client.batch_execute(wrong).expect_err("no such column");
        let failed = failed.as_db_error().expect("the server answers");
        cluster.expect_error(failed.message());
        let place = wrong.find("oops").map(|at| u32::try_from(at + 1).expect("short"));
        let found = failed.position().map(|position| match position {
            ErrorPosition::Original(place) => *place,
            ErrorPosition::Internal { position, .. } => *position,
        });
        assert_eq!(found, place);

        let late = "set statement_timeout = '50ms'; do $$ begin perform pg_sleep(60); end $$";
        assert_eq!(refusal_of(&cluster, &mut client, late).code, "57014");
        client.batch_execute("reset statement_timeout")?;

        // An error is caught further out, many times and from deep inside; the session goes on.
        client.batch_execute(
            "
            create function deep(n int) returns void language plpgsql as $$ begin
              if n = 0 then execute 'create table t (id int)'; end if;
              execute format('do %L', format('begin perform deep(%s); end', n - 1));
            end $$",
        )?;
        for _ in 0..20 {
            client.batch_execute(
                "do $$ begin perform deep(10); exception when duplicate_table then null; end $$",
            )?;
        }
        client.batch_execute("begin; savepoint s")?;
        assert_eq!(refusal_of(&cluster, &mut client, "drop table absent").code, "42P01");
        client.batch_execute("rollback to s; create table later (); commit")?;
        assert_eq!(cluster.value(DATABASE, "select count(*) from later")?, "0");
        cluster.finish();
        Ok(())
    }
}
