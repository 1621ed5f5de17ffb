//! The settings say what they are, take only what makes sense, and only from those allowed.

use steep_ext_tests::{DATABASE, Outcome, cluster_with_extension, login, refusal, refusal_of};
use steep_testkit::{Major, PgCluster, TextRows, on_each_major};

/// Name, type, unit, context, default, least and greatest value; more settings may follow.
const SETTINGS: [&str; 5] = [
    "steep_repl.bypass_range_check bool - superuser off - -",
    "steep_repl.ddl_replication bool - superuser on - -",
    "steep_repl.heartbeat_interval integer ms sighup 1000 10 60000",
    "steep_repl.log_native_conflicts bool - sighup off - -",
    "steep_repl.max_clock_skew integer ms sighup 1000 0 3600000",
];

/// A sentence that says what it is, and another that says when to change it.
const POORLY_DESCRIBED: &str = "
    select name from pg_settings
    where name like 'steep!_repl.%' escape '!'
      and not coalesce(short_desc ~ '^[A-Z].{20,}\\.$' and extra_desc ~ '^[A-Z].{20,}\\.$'
        and short_desc <> extra_desc, false)";

on_each_major! {
    fn every_setting_is_described(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let found = cluster.query(
            DATABASE,
            "select concat_ws(' ', name, vartype, coalesce(unit, '-'), \
            context, boot_val, coalesce(min_val, '-'), coalesce(max_val, '-')) \
            from pg_settings where name like 'steep!_repl.%' escape '!' order by name",
        )?;
        let found: Vec<String> = found.into_iter().flatten().flatten().collect();
        for setting in SETTINGS {
            assert!(found.iter().any(|line| line == setting), "{setting} is not in {found:#?}");
        }
        assert_eq!(cluster.query(DATABASE, POORLY_DESCRIBED)?, TextRows::new());
        cluster.finish();
        Ok(())
    }

    fn wrong_values_and_wrong_moments_are_refused(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        for (sql, code, message) in [
            ("set steep_repl.bypass_range_check = 'maybe'", "22023", "requires a Boolean value"),
            ("set steep_repl.ddl_replication = 2", "22023", "requires a Boolean value"),
            (
                "alter system set steep_repl.heartbeat_interval = '9ms'",
                "22023",
                "outside the valid range",
            ),
            (
                "alter system set steep_repl.heartbeat_interval = '61s'",
                "22023",
                "outside the valid range",
            ),
            (
                "alter system set steep_repl.heartbeat_interval = '1 parsec'",
                "22023",
                "invalid value",
            ),
            ("alter system set steep_repl.max_clock_skew = -1", "22023", "outside the valid range"),
            (
                "alter system set steep_repl.max_clock_skew = '61min'",
                "22023",
                "outside the valid range",
            ),
            ("set steep_repl.heartbeat_interval = '1s'", "55P02", "cannot be changed now"),
            ("set steep_repl.max_clock_skew = '1s'", "55P02", "cannot be changed now"),
        ] {
            let wrong = refusal(&cluster, DATABASE, sql);
            assert_eq!(wrong.code, code, "{sql}: {wrong:?}");
            assert!(wrong.message.contains(message), "{sql}: {wrong:?}");
        }
        cluster.execute(DATABASE, "alter system set steep_repl.heartbeat_interval = '1min'")?;
        cluster.execute(DATABASE, "alter system set steep_repl.max_clock_skew = '1h'")?;
        cluster.restart()?;
        assert_eq!(cluster.value(DATABASE, "show steep_repl.heartbeat_interval")?, "1min");
        assert_eq!(cluster.value(DATABASE, "show steep_repl.max_clock_skew")?, "1h");
        cluster.finish();
        Ok(())
    }

    fn a_misspelt_setting_is_refused(major: Major) -> Outcome {
        let builder = PgCluster::builder(major).with_extension();
        let cluster = builder.setting("steep_repl.hartbeat_interval", "2s").start()?;
        // In a file it does not stop the server, but it is not kept and the log names it.
        cluster.expect_log("invalid configuration parameter name \"steep_repl.hartbeat_interval\"");
        let named = cluster
            .log()
            .into_iter()
            .any(|line| line.message.contains("steep_repl.hartbeat_interval"));
        assert!(named);
        let kept = "select count(*) from pg_settings where name like '%hartbeat%'";
        assert_eq!(cluster.value(DATABASE, kept)?, "0");
        for sql in [
            "set steep_repl.bypass_range_chek = on",
            "alter system set steep_repl.odd = 1",
            "select set_config('steep_repl.odd', '1', false)",
        ] {
            let wrong = refusal(&cluster, DATABASE, sql);
            // ALTER SYSTEM of PostgreSQL 16 knows nothing of reserved prefixes, and refuses as well.
            if wrong.code != "42704" {
                assert!(
                    wrong.message.starts_with("invalid configuration parameter name \"steep_repl."),
                    "{wrong:?}"
                );
                assert_eq!(wrong.detail, "\"steep_repl\" is a reserved prefix.");
            }
        }
        cluster.finish();
        Ok(())
    }

    fn only_those_allowed_may_bypass_the_range_check(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let on = "set steep_repl.bypass_range_check = on";
        let mut bob = login(&cluster, "bob", &[]);
        let for_later = "alter role bob set steep_repl.bypass_range_check = on";
        for sql in [
            on,
            "select set_config('steep_repl.bypass_range_check', 'on', true)",
            for_later,
            "select set_config('steep_repl.bypass_range_check', 'on', false)",
            "create function public.f() returns void language sql set steep_repl.bypass_range_check = on as ''",
        ] {
            let refused = refusal_of(&cluster, &mut bob, sql);
            assert_eq!(refused.code, "42501", "{sql}: {refused:?}");
        }
        cluster.execute(DATABASE, "grant set on parameter steep_repl.bypass_range_check to bob")?;
        bob.batch_execute(on)?;
        cluster
            .execute(DATABASE, "revoke set on parameter steep_repl.bypass_range_check from bob")?;
        assert_eq!(refusal_of(&cluster, &mut bob, on).code, "42501");
        login(&cluster, "ada", &["steep_repl_admin"]).batch_execute(on)?;
        assert_eq!(
            refusal_of(&cluster, &mut login(&cluster, "otto", &["steep_repl_operator"]), on).code,
            "42501"
        );
        cluster.finish();
        Ok(())
    }

    fn a_pooled_session_does_not_hand_on_the_bypass(major: Major) -> Outcome {
        let cluster = cluster_with_extension(major)?;
        let mut client = cluster.client(DATABASE);
        // What poolers send between two users of a session.
        for reset in ["reset all", "discard all"] {
            client.batch_execute(
                "set steep_repl.bypass_range_check = on; set steep_repl.ddl_replication = off",
            )?;
            client.batch_execute(reset)?;
            let row = client.query_one(
                "select current_setting('steep_repl.bypass_range_check') \
                || current_setting('steep_repl.ddl_replication')",
                &[],
            )?;
            assert_eq!(row.get::<_, String>(0), "offon", "{reset}");
        }
        client.batch_execute("begin; set local steep_repl.bypass_range_check = on; commit")?;
        let row = client.query_one("show steep_repl.bypass_range_check", &[])?;
        assert_eq!(row.get::<_, String>(0), "off");
        cluster.finish();
        Ok(())
    }
}
