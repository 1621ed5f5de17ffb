//! Columns, constraints, and what makes tables.

use crate::{expression, names, said};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    ColumnDef, ConstrType, CreateStmt, CreateTableAsStmt, IntoClause, Node, ObjectType, SelectStmt,
};
use steep_ddl::{Clauses, Kind, ObjectName, Statement};

/// `CREATE TABLE`, or the part of `CREATE FOREIGN TABLE` that is the same.
pub(crate) fn create(create: &CreateStmt) -> Statement<'static> {
    let mut statement = Statement::new(Kind::CreateTable)
        .clauses(said::persistence(create.relation.as_ref()))
        .clauses(said::if_not_exists(create.if_not_exists));
    if create.partbound.is_some() {
        statement = statement.and(Kind::CreateTablePartitionOf);
    } else if !create.inh_relations.is_empty() {
        statement = statement.and(Kind::CreateTableInherits);
    }
    about(statement, names::relation(create.relation.as_ref()))
}

/// `CREATE TABLE AS`, `CREATE MATERIALIZED VIEW`.
pub(crate) fn create_as(create: &CreateTableAsStmt) -> Statement<'static> {
    let kind = if create.objtype == ObjectType::ObjectMatview as i32 {
        Kind::CreateMaterializedView
    } else if create.is_select_into {
        Kind::SelectInto
    } else {
        Kind::CreateTableAs
    };
    into(kind, create.into.as_deref()).clauses(said::if_not_exists(create.if_not_exists))
}

/// `SELECT`, which may make a table: in its first branch, if it has several.
pub(crate) fn select(select: &SelectStmt) -> Statement<'static> {
    let mut first = select;
    while let Some(left) = first.larg.as_deref() {
        first = left;
    }
    match first.into_clause.as_deref() {
        Some(target) => into(Kind::SelectInto, Some(target)),
        None => Statement::new(Kind::Select),
    }
}

fn into(kind: Kind, target: Option<&IntoClause>) -> Statement<'static> {
    let relation = target.and_then(|target| target.rel.as_ref());
    let statement = Statement::new(kind).clauses(said::persistence(relation));
    about(statement, names::relation(relation))
}

/// What `ALTER TABLE … ADD COLUMN` does to the rows that are there.
pub(crate) fn added_column(
    statement: Statement<'static>,
    column: &ColumnDef,
) -> Statement<'static> {
    let constraints = column.constraints.iter().filter_map(|node| match node.node.as_ref()? {
        NodeEnum::Constraint(constraint) => Some(constraint),
        _ => None,
    });
    let mut statement = statement.clauses(unless_immutable(!is_serial(column)));
    for constraint in constraints {
        statement = match ConstrType::try_from(constraint.contype).unwrap_or_default() {
            // Each node would number its rows in an order of its own.
            ConstrType::ConstrIdentity => statement.clauses(Clauses::NOT_IMMUTABLE),
            ConstrType::ConstrDefault => statement.clauses(of_expression(&constraint.raw_expr)),
            ConstrType::ConstrCheck
            | ConstrType::ConstrPrimary
            | ConstrType::ConstrUnique
            | ConstrType::ConstrForeign => statement.and(Kind::AlterTableAddConstraint),
            // `NOT NULL` alone fails at the origin if there are rows; generated values are
            // immutable, or PostgreSQL refuses them; the rest says how a constraint is checked.
            _ => statement,
        };
    }
    statement
}

/// The clause for an expression that gives values to rows that are there.
pub(crate) fn of_expression(expression: &Option<Box<Node>>) -> Clauses {
    unless_immutable(expression.as_deref().is_none_or(expression::is_immutable))
}

fn unless_immutable(is_immutable: bool) -> Clauses {
    Clauses::NONE.with_if(!is_immutable, Clauses::NOT_IMMUTABLE)
}

/// The types that are a default in disguise (`transformColumnDefinition`, parse_utilcmd.c).
fn is_serial(column: &ColumnDef) -> bool {
    const SERIAL: [&str; 6] =
        ["serial", "serial2", "serial4", "serial8", "smallserial", "bigserial"];
    let names = column.type_name.as_ref().map_or(&[][..], |name| &name.names);
    matches!(names, [Node { node: Some(NodeEnum::String(name)) }] if SERIAL.contains(&name.sval.as_str()))
}

/// With the name, if there is one.
pub(crate) fn about(
    statement: Statement<'static>,
    name: Option<ObjectName<'static>>,
) -> Statement<'static> {
    match name {
        Some(name) => statement.about(name),
        None => statement,
    }
}
