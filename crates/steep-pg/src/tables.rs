//! The replicated tables, and whether their guard is as `steep_repl.add_table()` made it.

use tokio_postgres::Client;

use crate::PgError;

/// A table under guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicatedTable {
    /// Qualified name, quoted where needed.
    pub table: String,
    /// Strategy.
    pub strategy: String,
    /// Detection.
    pub detection: String,
}

/// What is wrong with a guard trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It is there, but does not fire when it has to.
    WrongMode,
    /// A trigger of its name calls another function.
    Foreign,
}

/// A guard trigger that is not as it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggerFault {
    /// The table, qualified, quoted where needed.
    pub table: String,
    /// The trigger.
    pub trigger: String,
    /// What is wrong.
    pub fault: Fault,
    /// The statement that puts it right, if it is the mode only.
    pub repair: Option<String>,
}

/// The tables under guard, by name; one that was dropped is left out.
///
/// # Errors
/// When the query fails.
pub async fn list(client: &Client) -> Result<Vec<ReplicatedTable>, PgError> {
    let sql = "select pg_catalog.format('%I.%I', n.nspname, c.relname), t.strategy, t.detection
        from steep_repl.replicated_tables t
        join pg_catalog.pg_class c on c.oid = t.relation
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where t.is_active order by 1";
    let rows = client.query(sql, &[]).await?;
    let table = |row: &tokio_postgres::Row| {
        Ok(ReplicatedTable {
            table: row.try_get(0)?,
            strategy: row.try_get(1)?,
            detection: row.try_get(2)?,
        })
    };
    rows.iter().map(table).collect()
}

/// How many tables are under guard.
///
/// # Errors
/// When the query fails.
pub async fn count(client: &Client) -> Result<u64, PgError> {
    let sql = "select count(*) from steep_repl.replicated_tables t where t.is_active";
    let count: i64 = client.query_one(sql, &[]).await?.try_get(0)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The guard triggers that are missing, disabled or replaced; empty if all is well.
///
/// # Errors
/// When the query fails.
pub async fn trigger_faults(client: &Client) -> Result<Vec<TriggerFault>, PgError> {
    // As add_table() makes them: the row triggers of a partitioned table stay in origin mode, because
    // an apply worker would queue and never close them; its partitions have clones of them, and a
    // truncate trigger each.
    let sql = "with guarded (relation, root, kind) as (
          select c.oid, t.relation, r.relkind
          from steep_repl.replicated_tables t
          join pg_catalog.pg_class r on r.oid = t.relation
          cross join lateral (
            select t.relation::oid union select p.relid from pg_catalog.pg_partition_tree(t.relation) p) as m (oid)
          join pg_catalog.pg_class c on c.oid = m.oid
          where t.is_active
        ), expected (relation, name, function, mode) as (
          select g.relation, v.name, v.function, v.mode
          from guarded g cross join lateral (values
            ('steep_repl_guard', 'guard', 'R'),
            ('steep_repl_deletes', 'record_deletes', case when g.kind = 'p' then 'O' else 'A' end),
            ('steep_repl_keys', 'record_deletes', case when g.kind = 'p' then 'O' else 'A' end),
            ('steep_repl_truncate', 'refuse_truncate', 'A')
          ) as v (name, function, mode)
        )
        select pg_catalog.format('%I.%I', n.nspname, c.relname), e.name,
          case when g.oid is null then 'missing'
            when f.pronamespace <> 'steep_repl'::pg_catalog.regnamespace or f.proname <> e.function then 'foreign'
            else 'mode' end,
          pg_catalog.format('alter table %I.%I enable %s trigger %I', n.nspname, c.relname,
            case e.mode when 'R' then 'replica' when 'A' then 'always' else '' end, e.name)
        from expected e
        join pg_catalog.pg_class c on c.oid = e.relation
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        left join pg_catalog.pg_trigger g on g.tgrelid = e.relation and g.tgname = e.name
        left join pg_catalog.pg_proc f on f.oid = g.tgfoid
        where g.oid is null or g.tgenabled::text <> e.mode or f.proname <> e.function
          or f.pronamespace <> 'steep_repl'::pg_catalog.regnamespace
        order by 1, 2";
    let rows = client.query(sql, &[]).await?;
    rows.iter().map(trigger_fault).collect()
}

fn trigger_fault(row: &tokio_postgres::Row) -> Result<TriggerFault, PgError> {
    let fault = match row.try_get(2)? {
        "missing" => Fault::Missing,
        "foreign" => Fault::Foreign,
        _ => Fault::WrongMode,
    };
    let repair: String = row.try_get(3)?;
    Ok(TriggerFault {
        table: row.try_get(0)?,
        trigger: row.try_get(1)?,
        fault,
        repair: (fault == Fault::WrongMode).then_some(repair),
    })
}

/// Sets the mode of a trigger, as [`TriggerFault::repair`] says it.
///
/// # Errors
/// When the statement fails: the role does not own the table.
pub async fn repair(client: &Client, fault: &TriggerFault) -> Result<bool, PgError> {
    let Some(statement) = &fault.repair else { return Ok(false) };
    client.batch_execute(statement).await?;
    Ok(true)
}
