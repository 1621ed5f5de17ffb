//! Clauses that many statements have.

use pg_query::protobuf::{DropBehavior, RangeVar};
use steep_ddl::{Clauses, ObjectName};

/// `CASCADE`.
pub(crate) fn behavior(behavior: i32) -> Clauses {
    Clauses::NONE.with_if(behavior == DropBehavior::DropCascade as i32, Clauses::CASCADE)
}

/// `IF EXISTS`.
pub(crate) fn if_exists(holds: bool) -> Clauses {
    Clauses::NONE.with_if(holds, Clauses::IF_EXISTS)
}

/// `IF NOT EXISTS`.
pub(crate) fn if_not_exists(holds: bool) -> Clauses {
    Clauses::NONE.with_if(holds, Clauses::IF_NOT_EXISTS)
}

/// `OR REPLACE`.
pub(crate) fn or_replace(holds: bool) -> Clauses {
    Clauses::NONE.with_if(holds, Clauses::OR_REPLACE)
}

/// `CONCURRENTLY`.
pub(crate) fn concurrently(holds: bool) -> Clauses {
    Clauses::NONE.with_if(holds, Clauses::CONCURRENTLY)
}

/// How long the rows of a relation last.
pub(crate) fn persistence(relation: Option<&RangeVar>) -> Clauses {
    let persistence = relation.map_or("", |relation| relation.relpersistence.as_str());
    Clauses::NONE
        .with_if(persistence == "t", Clauses::TEMPORARY)
        .with_if(persistence == "u", Clauses::UNLOGGED)
}

/// What the schemas of names say: `pg_temp` is the session's own, under whatever number.
pub(crate) fn by_schemas(names: &[ObjectName<'_>]) -> Clauses {
    let is_temporary = |name: &&ObjectName<'_>| {
        let schema = name.schema.as_deref().unwrap_or_default();
        schema == "pg_temp" || schema.starts_with("pg_temp_")
    };
    match names.iter().filter(is_temporary).count() {
        0 => Clauses::NONE,
        count if count == names.len() => Clauses::TEMPORARY,
        _ => Clauses::PARTLY_TEMPORARY,
    }
}
