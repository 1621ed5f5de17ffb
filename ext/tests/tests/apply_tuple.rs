//! A tuple in JSON form becomes a row, or an error that says what does not fit.

use steep_ext_tests::{DATABASE, Outcome, node_with_table, refusal, row_of};
use steep_testkit::{Major, on_each_major};

/// A table with everything that makes names and types difficult.
const ODD_TABLE: &str = r#"
    create extension citext;
    create schema "Sche ma";
    create domain positive as int check (value > 0);
    create type mood as enum ('sad', 'glad');
    create table "Sche ma"."Tä""b'le" (
      "Id" int, k citext, "näme" text, arr int[], d positive not null default 3, j jsonb not null default '{}',
      plain json, b bytea, at timestamptz, m mood, num numeric(10,2), twice int generated always as (d * 2) stored,
      numbered int generated always as identity, t int, n int, o int, s int, c varchar(3), primary key (k, "Id"));
    select steep_repl.add_table('"Sche ma"."Tä""b''le"');"#;

fn odd_tuple(tuple: &str) -> String {
    format!(
        "select steep_repl.apply_tuple('Sche ma', 'Tä\"b''le', '{}')",
        tuple.replace('\'', "''")
    )
}

on_each_major! {
    fn a_tuple_is_inserted_then_updated_then_left_alone(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, ODD_TABLE)?;
        let apply = |tuple: &str| cluster.value(DATABASE, &odd_tuple(tuple));
        let row = || cluster.value(DATABASE, "select x::text from \"Sche ma\".\"Tä\"\"b'le\" x");
        let whole = r#"{"Id": 1, "k": "AbC", "näme": "x';--", "arr": [[1,2],[3,4]], "d": 5, "j": null, "plain": {"a": 1},
            "b": "\\x00ff", "at": "2026-01-01T00:00:00+02:00", "m": "glad", "num": 1.5, "twice": 77, "numbered": 40,
            "t": 1, "n": 2, "o": 3, "s": 4, "c": "abc"}"#;
        assert_eq!(apply(whole)?, "t");
        let written = r#"(1,AbC,x';--,"{{1,2},{3,4}}",5,null,"{""a"": 1}","\\x00ff","2025-12-31 22:00:00+00",glad,1.50,10,40,1,2,3,4,abc)"#;
        assert_eq!(row()?, written);
        assert_eq!(apply(whole)?, "f");
        // The key is equal by its own rules, the rest by its types' rules, and what is not named stays.
        assert_eq!(apply(r#"{"Id": 1, "k": "AbC", "num": "1.50", "at": "2025-12-31 22:00Z"}"#)?, "f");
        assert_eq!(row()?, written);
        assert_eq!(apply(r#"{"Id": 1, "k": "aBc", "arr": [1], "m": null}"#)?, "t");
        let changed = written.replace("AbC", "aBc").replace("\"{{1,2},{3,4}}\"", "{1}").replace("glad", "");
        assert_eq!(row()?, changed);
        assert_eq!(apply(r#"{"Id": 1, "k": "aBc", "arr": [1, 1]}"#)?, "t", "[1] contains [1, 1] for jsonb");
        assert_eq!(apply(r#"{"Id": 2, "k": "abc"}"#)?, "t");
        let defaults = "select concat_ws(' ', d, j, twice, numbered) from \"Sche ma\".\"Tä\"\"b'le\" where \"Id\" = 2";
        assert_eq!(cluster.value(DATABASE, defaults)?, "3 {} 6 1");
        cluster.finish();
        Ok(())
    }

    fn a_tuple_that_does_not_fit_is_refused_by_name(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, ODD_TABLE)?;
        cluster.value(DATABASE, &odd_tuple(r#"{"Id": 1, "k": "x"}"#))?;
        cluster.execute(DATABASE, "insert into t values (2, 'taken')")?;
        let table = r#""Sche ma"."Tä""b'le""#;
        for (tuple, code, message) in [
            (r#"{"Id": 1, "k": "x", "Näme": 1}"#, "42703", format!("table {table} has no column \"Näme\"")),
            (r#"{"Id": 1, "k": "x", "ctid": 1}"#, "42703", format!("table {table} has no column ctid")),
            (r#"{"Id": 1}"#, "22004", format!("tuple for table {table} lacks key column k")),
            (r#"{"Id": null, "k": "x"}"#, "22004", format!("key column \"Id\" of the tuple for table {table} is null")),
            ("[1]", "22023", format!("tuple for table {table} is not a JSON object")),
            ("null", "22023", format!("tuple for table {table} is not a JSON object")),
            (r#"{"Id": "one", "k": "x"}"#, "22P02", format!("value \"one\" does not fit column \"Id\" of table {table}, which is of type integer")),
            (r#"{"Id": 1, "k": "x", "s": 99999999999}"#, "22003", format!("value 99999999999 does not fit column s of table {table}, which is of type integer")),
            (r#"{"Id": 1, "k": "x", "d": 0}"#, "23514", format!("value 0 does not fit column d of table {table}, which is of type public.positive")),
            (r#"{"Id": 1, "k": "x", "arr": {"a": 1}}"#, "22P02", format!("value {{\"a\": 1}} does not fit column arr of table {table}, which is of type integer[]")),
            (r#"{"Id": 1, "k": "x", "m": "odd"}"#, "22P02", format!("value \"odd\" does not fit column m of table {table}, which is of type public.mood")),
            (r#"{"Id": 1, "k": "x", "b": "\\xf"}"#, "22023", format!("value \"\\\\xf\" does not fit column b of table {table}, which is of type bytea")),
            (r#"{"Id": 1, "k": "x", "c": "long"}"#, "22001", format!("value \"long\" does not fit column c of table {table}, which is of type character varying(3)")),
        ] {
            let refused = refusal(&cluster, DATABASE, &odd_tuple(tuple));
            assert_eq!((refused.code.as_str(), refused.message), (code, message));
            assert!(!refused.hint.is_empty(), "{tuple}");
        }
        for (call, code, message) in [
            ("'public', 't', null", "22023", "tuple for table public.t is not a JSON object"),
            ("'public', 'T', '{}'", "42P01", "table public.\"T\" does not exist"),
            ("null, 't', '{}'", "42P01", "table t does not exist"),
            ("'steep_repl', 'nodes', '{\"node_id\": \"x\"}'", "42704", "table steep_repl.nodes is not replicated"),
            ("'public', 't', '{\"id\": 1, \"n\": null}'", "23502", "null value in column \"n\" of relation \"t\" violates not-null constraint"),
            ("'public', 't', '{\"id\": 1, \"v\": \"taken\"}'", "23505", "duplicate key value violates unique constraint \"t_v_key\""),
        ] {
            let refused = refusal(&cluster, DATABASE, &format!("select steep_repl.apply_tuple({call})"));
            assert_eq!((refused.code.as_str(), refused.message.as_str()), (code, message));
        }
        assert_eq!(row_of(&cluster, 1)?, "local 1");
        cluster.execute(DATABASE, "select steep_repl.remove_table('t')")?;
        let removed = refusal(&cluster, DATABASE, "select steep_repl.apply_tuple('public', 't', '{\"id\": 1}')");
        assert_eq!(removed.message, "table public.t is not replicated");
        cluster.finish();
        Ok(())
    }

    fn names_and_values_are_never_run(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        let evil = r#"x" int); drop table t; --'"#;
        let column = evil.replace('"', "\"\"");
        cluster.execute(DATABASE, &format!(
            "create table \"{column}\" (\"{column}\" int primary key, \"y'); drop table t; --\" text); \
             select steep_repl.add_table('\"{}\"')", column.replace('\'', "''")))?;
        let tuple = format!(
            r#"{{"{}": 1, "y'); drop table t; --": "'); drop table t; --"}}"#, evil.replace('"', "\\\""));
        let apply = format!("select steep_repl.apply_tuple('public', '{}', '{}')",
            evil.replace('\'', "''"), tuple.replace('\'', "''"));
        assert_eq!(cluster.value(DATABASE, &apply)?, "t");
        assert_eq!(cluster.value(DATABASE, &apply)?, "f");
        for names in ["'public', 't; drop table t'", "'public; drop table t', 't'"] {
            let refused = refusal(&cluster, DATABASE, &format!("select steep_repl.apply_tuple({names}, '{{\"id\": 1}}')"));
            assert_eq!(refused.code, "42P01", "{refused:?}");
        }
        let column = refusal(&cluster, DATABASE,
            "select steep_repl.apply_tuple('public', 't', '{\"id\": 1, \"v = v; drop table t\": 1}')");
        assert_eq!(column.code, "42703");
        assert_eq!(row_of(&cluster, 1)?, "local 1");
        cluster.finish();
        Ok(())
    }

    fn a_partitioned_table_is_written_through_its_root(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "
            create table p (id int, region int, v text, primary key (region, id)) partition by list (region);
            create table p1 partition of p for values in (1);
            create table p2 (v text, gone int, region int not null, id int not null);
            alter table p2 drop column gone;
            alter table p attach partition p2 for values in (2);
            select steep_repl.add_table('p')")?;
        let apply = |tuple: &str| cluster.value(DATABASE, &format!("select steep_repl.apply_tuple('public', 'p', '{tuple}')"));
        for region in [1, 2] {
            for (v, written) in [("x", "t"), ("y", "t"), ("y", "f")] {
                assert_eq!(apply(&format!(r#"{{"id": 5, "region": {region}, "v": "{v}"}}"#))?, written, "{region} {v}");
            }
        }
        assert_eq!(cluster.value(DATABASE, "select string_agg(tableoid::regclass || v, ' ' order by 1) from p")?, "p1y p2y");
        let partition = refusal(&cluster, DATABASE, "select steep_repl.apply_tuple('public', 'p1', '{\"id\": 5, \"region\": 1}')");
        assert_eq!(partition.message, "table public.p1 is not replicated");
        assert!(partition.hint.contains("public.p"), "{partition:?}");
        let nowhere = refusal(&cluster, DATABASE, "select steep_repl.apply_tuple('public', 'p', '{\"id\": 5, \"region\": 9}')");
        assert_eq!(nowhere.message, "no partition of relation \"p\" found for row");
        cluster.finish();
        Ok(())
    }

    fn a_written_row_travels_whole(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "
            create table long (id int primary key, x text, words text[], short text);
            alter table long alter x set storage external, alter words set storage external;
            insert into long values (1, repeat('abc', 5000), array_fill(repeat('d', 500), array[20]), 'a');
            select steep_repl.add_table('long')")?;
        cluster.value(DATABASE, "select pg_create_logical_replication_slot('s', 'test_decoding')")?;
        let changes = "select string_agg(data, ' ') from pg_logical_slot_get_changes('s', null, null) where data like 'table public.long%'";
        cluster.execute(DATABASE, "update long set short = 'b'")?;
        assert!(cluster.value(DATABASE, changes)?.contains("unchanged-toast-datum"), "nothing is out of line");
        assert_eq!(cluster.value(DATABASE, "select steep_repl.apply_tuple('public', 'long', '{\"id\": 1, \"short\": \"c\"}')")?, "t");
        let whole = cluster.value(DATABASE, changes)?;
        assert!(!whole.contains("unchanged-toast-datum") && whole.len() > 25_000, "{}", whole.len());
        cluster.execute(DATABASE, "select pg_drop_replication_slot('s')")?;
        cluster.finish();
        Ok(())
    }

    fn triggers_run_with_the_callers_rights_and_search_path(major: Major) -> Outcome {
        let cluster = node_with_table(major)?;
        cluster.execute(DATABASE, "
            create role op login in role steep_repl_operator;
            create role owner login;
            grant create on schema public to owner;
            set role owner;
            create table owned (id int primary key, v text);
            create table seen (who text);
            create function note() returns trigger language plpgsql as $f$
              begin insert into seen values (current_user); return new; end $f$;
            create trigger note before insert on owned for each row execute function note();
            reset role;
            select steep_repl.add_table('owned');")?;
        let apply = "set session authorization op; select steep_repl.apply_tuple('public', 'owned', '{\"id\": 1, \"v\": \"x\"}')";
        let denied = refusal(&cluster, DATABASE, apply);
        assert_eq!((denied.code.as_str(), denied.message.as_str()), ("42501", "permission denied for table owned"));
        cluster.execute(DATABASE, "grant select, insert, update on owned to op; grant insert on seen to op")?;
        cluster.execute(DATABASE, apply)?;
        assert_eq!(cluster.value(DATABASE, "select who from seen")?, "op");
        cluster.execute(DATABASE, "
            create function nothing() returns trigger language plpgsql as $f$ begin return null; end $f$;
            create trigger nothing before insert or update on t for each row execute function nothing()")?;
        for id in [1, 2] {
            let suppressed = refusal(&cluster, DATABASE,
                &format!("select steep_repl.apply_tuple('public', 't', '{{\"id\": {id}, \"v\": \"x\"}}')"));
            assert_eq!(suppressed.message, "table public.t did not take the write");
        }
        cluster.finish();
        Ok(())
    }
}
