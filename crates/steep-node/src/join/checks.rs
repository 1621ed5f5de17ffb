//! What must be so before anything is changed.

use std::collections::BTreeSet;

use steep_pg::Connection;
use steep_proto::{Member, NodeDescription};

use super::programs::Programs;
use crate::error::{NodeError, While};
use crate::words::counted;

/// What speaks against joining, and what is worth a look.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) refusals: Vec<String>,
    pub(super) warnings: Vec<String>,
}

/// Compares this node with the source it wants to join through.
pub(super) fn compare(own: &NodeDescription, source: &NodeDescription, findings: &mut Findings) {
    let refusals = &mut findings.refusals;
    let name = own.node_name.as_str();
    if source.node_id.is_empty() {
        refusals.push(format!(
            "node {} belongs to no group yet: steep-replctl init makes it the first node of one",
            source.node_name
        ));
    }
    if !own.node_id.is_empty() {
        refusals.push(format!("this database is node {} already", own.node_id));
    }
    if own.system_identifier == source.system_identifier && own.database == source.database {
        refusals.push(format!(
            "this server is, or is a copy of, that of node {}: make a new one with initdb",
            source.node_id
        ));
    }
    let is_of = |member: &Member| member.node_id == name || member.node_name == name;
    let taken = source.members.iter().any(is_of);
    if taken {
        refusals.push(format!("the group has a node named {name} already"));
    }
    if own.encoding != source.encoding {
        refusals.push(format!(
            "this database is encoded in {}, the source in {}",
            own.encoding, source.encoding
        ));
    }
    let (here, there) = (own.postgres_version_num / 10_000, source.postgres_version_num / 10_000);
    if here < 16 {
        refusals.push(format!("PostgreSQL {here} is too old: 16 or later is needed"));
    }
    if here < there {
        refusals.push(format!(
            "this server is PostgreSQL {here}, the source is {there}: a schema cannot be taken to an older major"
        ));
    }
    if own.extension_version.is_empty() {
        refusals.push("the extension steep_repl is not installed on this server".to_owned());
    } else if own.extension_version != source.extension_version {
        refusals.push(format!(
            "extension steep_repl is {} here and {} at the source: they have to be the same",
            own.extension_version, source.extension_version
        ));
    }
    if (&own.collate, &own.ctype, &own.locale_provider)
        != (&source.collate, &source.ctype, &source.locale_provider)
    {
        findings.warnings.push(format!(
            "texts sort differently: collation {} here, {} at the source",
            own.collate, source.collate
        ));
    }
    // One that joins is waited for.
    let is_in_the_way = |status: &str| !matches!(status, "online" | "joining");
    for member in source.members.iter().filter(|member| is_in_the_way(&member.status)) {
        if member.node_id != name {
            findings.refusals.push(format!(
                "node {} of the group is {}: every member has to take part",
                member.node_id, member.status
            ));
        }
    }
}

/// Whether the database is as empty as it has to be, and this server set up as it has to be.
pub(super) async fn own_database(
    client: &Connection,
    peers: usize,
    findings: &mut Findings,
) -> Result<(), NodeError> {
    let what = "checking this database";
    let objects = client
        .query(
            "select o.name from (
               select 'pg_class'::regclass as class, c.oid, c.relnamespace as schema, format('%I', c.relname) as name
               from pg_class c where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
               union all select 'pg_proc'::regclass, p.oid, p.pronamespace, format('%I()', p.proname) from pg_proc p
               union all select 'pg_type'::regclass, t.oid, t.typnamespace, format('%I', t.typname) from pg_type t
                 where t.typelem = 0 and t.typtype in ('b', 'd', 'e', 'r')
               union all select 'pg_event_trigger'::regclass, e.oid, 'public'::regnamespace, format('%I', e.evtname)
                 from pg_event_trigger e
             ) as o join pg_namespace n on n.oid = o.schema
             where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast', 'steep_repl')
               and n.nspname !~ '^pg_(temp|toast_temp)_'
               and not exists (select from pg_depend d where d.classid = o.class
                 and d.objid = o.oid and d.deptype = 'e')
             order by 1 limit 4",
            &[],
        )
        .await
        .while_doing(what)?;
    if !objects.is_empty() {
        let names: Vec<String> = objects.iter().map(|row| row.get(0)).collect();
        findings.refusals.push(format!(
            "this database is not empty: it has {}: the rows would come twice; join with a new database",
            names.join(", ")
        ));
    }
    let settings = client
        .query(
            "select s.name, s.setting from pg_settings s where s.name in ('wal_level',
               'track_commit_timestamp', 'shared_preload_libraries', 'max_replication_slots',
               'max_active_replication_origins', 'max_logical_replication_workers')",
            &[],
        )
        .await
        .while_doing(what)?;
    for row in settings {
        let (name, value) = (row.get::<_, String>(0), row.get::<_, String>(1));
        let is_right = match name.as_str() {
            "wal_level" => value == "logical",
            "track_commit_timestamp" => value == "on",
            "shared_preload_libraries" => {
                value.split(',').any(|one| one.trim().trim_matches('"').ends_with("steep_repl"))
            }
            _ => value.parse::<usize>().is_ok_and(|number| number > peers),
        };
        if !is_right {
            findings.refusals.push(format!(
                "{name} is \"{value}\" on this server: see the guide's page on installation"
            ));
        }
    }
    Ok(())
}

/// Whether what the schema needs is here: roles that own things, extensions, tablespaces.
pub(super) async fn needs_of_schema(
    source: &Connection,
    own: &Connection,
    findings: &mut Findings,
) -> Result<(), NodeError> {
    for (kind, needed, present, way_out) in [
        (
            "role",
            // Owners and grantees of what pg_dump will bring.
            "select distinct r.rolname::text from pg_shdepend d join pg_roles r on r.oid = d.refobjid
             where d.refclassid = 'pg_authid'::regclass and d.deptype in ('o', 'a')
               and d.dbid = (select oid from pg_database where datname = current_database())
               and r.rolname !~ '^(pg|steep_repl)_'",
            "select rolname::text from pg_roles",
            "pg_dumpall --roles-only on the source",
        ),
        (
            "extension",
            "select extname::text from pg_extension where extname not in ('plpgsql', 'steep_repl')",
            "select name::text from pg_available_extensions",
            "install its package on this server",
        ),
        (
            "tablespace",
            "select distinct t.spcname::text from pg_class c join pg_tablespace t on t.oid = c.reltablespace
             where t.spcname not in ('pg_default', 'pg_global')",
            "select spcname::text from pg_tablespace",
            "create tablespace",
        ),
    ] {
        let there = texts(source, needed).await.while_doing("asking the source for its schema")?;
        let here = texts(own, present).await.while_doing("checking this database")?;
        for name in there.difference(&here) {
            findings.refusals.push(format!(
                "{kind} {name}, which the source's schema needs, does not exist here: {way_out}"
            ));
        }
    }
    let large_objects = source
        .query_one("select count(*) from pg_largeobject_metadata", &[])
        .await
        .while_doing("asking the source for large objects")?
        .get::<_, i64>(0);
    if large_objects > 0 {
        let objects = counted(large_objects.unsigned_abs(), "large object");
        findings.warnings.push(format!("neither copied nor replicated: {objects}"));
    }
    Ok(())
}

async fn texts(client: &Connection, sql: &str) -> Result<BTreeSet<String>, tokio_postgres::Error> {
    Ok(client.query(sql, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// Whether PostgreSQL's programs are new enough for the source.
pub(super) async fn programs(
    programs: &Programs,
    source: &NodeDescription,
    findings: &mut Findings,
) -> Result<(), NodeError> {
    let needed = source.postgres_version_num / 10_000;
    for program in ["pg_dump", "pg_restore", "psql"] {
        let found = programs.major(program).await?;
        if found < needed {
            findings.refusals.push(format!(
                "{program} is of PostgreSQL {found}, the source is {needed}: set replication.postgres.bin_dir to newer programs"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(node: &str, status: &str) -> Member {
        Member {
            node_id: node.to_owned(),
            node_name: node.to_owned(),
            status: status.to_owned(),
            ..Member::default()
        }
    }

    fn source() -> NodeDescription {
        NodeDescription {
            node_id: "a".to_owned(),
            node_name: "a".to_owned(),
            database: "shop".to_owned(),
            postgres_version_num: 170_002,
            extension_version: "0.2.0".to_owned(),
            encoding: "UTF8".to_owned(),
            collate: "C".to_owned(),
            system_identifier: "1".to_owned(),
            members: vec![member("a", "online"), member("b", "online")],
            ..NodeDescription::default()
        }
    }

    fn joiner() -> NodeDescription {
        NodeDescription {
            node_id: String::new(),
            node_name: "c".to_owned(),
            system_identifier: "3".to_owned(),
            members: Vec::new(),
            ..source()
        }
    }

    /// What is found of the joiner and the source, changed like this.
    fn found(change: impl Fn(&mut NodeDescription, &mut NodeDescription)) -> Findings {
        let (mut own, mut there) = (joiner(), source());
        change(&mut own, &mut there);
        let mut findings = Findings::default();
        compare(&own, &there, &mut findings);
        findings
    }

    #[test]
    fn who_may_join() {
        let may = |change: fn(&mut NodeDescription, &mut NodeDescription)| {
            let findings = found(change);
            assert!(findings.refusals.is_empty(), "{findings:?}");
            findings.warnings
        };
        assert!(may(|_, _| {}).is_empty());
        // A node that joins is waited for.
        may(|_, there| there.members[1].status = "joining".to_owned());
        may(|own, _| own.postgres_version_num = 180_001);
        // Another database of the same server is another node.
        may(|own, _| (own.system_identifier, own.database) = ("1".to_owned(), "other".to_owned()));
        let warnings = may(|own, _| own.collate = "de_DE".to_owned());
        assert!(warnings[0].contains("collation de_DE here, C at the source"), "{warnings:?}");
    }

    #[test]
    fn who_may_not_join_is_told_why() {
        let why = |change: fn(&mut NodeDescription, &mut NodeDescription)| {
            let findings = found(change);
            let [refusal] = findings.refusals.as_slice() else { panic!("{findings:?}") };
            refusal.clone()
        };
        let all = [
            (why(|_, there| there.node_id.clear()), "belongs to no group yet"),
            (why(|own, _| own.node_id = "c".to_owned()), "is node c already"),
            (why(|own, _| own.system_identifier = "1".to_owned()), "copy of, that of node a"),
            (why(|own, _| own.node_name = "b".to_owned()), "has a node named b already"),
            (why(|own, _| own.encoding = "LATIN1".to_owned()), "LATIN1, the source in UTF8"),
            (why(|own, _| own.postgres_version_num = 160_009), "PostgreSQL 16, the source is 17"),
            (why(|own, _| own.extension_version.clear()), "is not installed on this server"),
            (why(|own, _| own.extension_version = "0.1.0".to_owned()), "0.1.0 here and 0.2.0"),
            (why(|_, there| there.members[1].status = "offline".to_owned()), "node b of the group"),
        ];
        for (refusal, words) in all {
            assert!(refusal.contains(words), "{refusal:?} lacks {words:?}");
        }
        let old = why(|own, there| {
            (own.postgres_version_num, there.postgres_version_num) = (150_010, 150_010);
        });
        assert!(old.contains("PostgreSQL 15 is too old"), "{old}");
    }
}
