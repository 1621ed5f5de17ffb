//! `ALTER TABLE`, and what has its form: indexes, views, sequences, composite types.

use crate::table::{about, added_column, of_expression};
use crate::{names, said};
use pg_query::NodeEnum;
use pg_query::protobuf::{AlterTableCmd, AlterTableStmt, AlterTableType, ObjectType};
use steep_ddl::{Clauses, Kind, Statement};

/// `None` if one of its subcommands is not known.
pub(crate) fn alter(alter: &AlterTableStmt) -> Option<Statement<'static>> {
    let object = ObjectType::try_from(alter.objtype).unwrap_or_default();
    let mut whole: Option<Statement<'static>> = None;
    for node in &alter.cmds {
        let Some(NodeEnum::AlterTableCmd(command)) = node.node.as_ref() else { return None };
        let part = subcommand(object, command)?;
        whole = Some(match whole {
            Some(whole) => whole.containing(&part),
            None => part,
        });
    }
    let relation = alter.relation.as_ref();
    let whole =
        whole?.clauses(said::if_exists(alter.missing_ok)).clauses(said::persistence(relation));
    Some(about(whole, names::relation(relation)))
}

fn subcommand(object: ObjectType, command: &AlterTableCmd) -> Option<Statement<'static>> {
    let subtype = AlterTableType::try_from(command.subtype).ok()?;
    let kind = match object {
        ObjectType::ObjectTable => of_table(subtype, command.def.is_some())?,
        ObjectType::ObjectIndex if subtype == AlterTableType::AtSetTableSpace => {
            Kind::AlterIndexTablespace
        }
        ObjectType::ObjectIndex => Kind::AlterIndex,
        ObjectType::ObjectMatview if subtype == AlterTableType::AtSetTableSpace => {
            Kind::AlterMaterializedViewTablespace
        }
        ObjectType::ObjectMatview => Kind::AlterMaterializedView,
        ObjectType::ObjectView => Kind::AlterView,
        ObjectType::ObjectForeignTable => Kind::AlterForeignTable,
        ObjectType::ObjectSequence if subtype == AlterTableType::AtChangeOwner => {
            Kind::AlterSequenceOwner
        }
        ObjectType::ObjectSequence => Kind::AlterSequence,
        ObjectType::ObjectType => of_type(subtype)?,
        _ => return None,
    };
    let statement = Statement::new(kind)
        .clauses(said::behavior(command.behavior))
        .clauses(missing(subtype, command.missing_ok));
    Some(detailed(statement, kind, command))
}

/// What the definition in a subcommand adds.
fn detailed(
    statement: Statement<'static>,
    kind: Kind,
    command: &AlterTableCmd,
) -> Statement<'static> {
    match (kind, command.def.as_ref().and_then(|node| node.node.as_ref())) {
        (Kind::AlterTableAddColumn, Some(NodeEnum::ColumnDef(column))) => {
            added_column(statement, column)
        }
        (Kind::AlterTableAlterColumnType, Some(NodeEnum::ColumnDef(column))) => {
            statement.clauses(of_expression(&column.raw_default))
        }
        (_, Some(NodeEnum::PartitionCmd(partition))) => {
            statement.clauses(said::concurrently(partition.concurrent))
        }
        _ => statement,
    }
}

/// The same flag is `IF NOT EXISTS` for what adds, `IF EXISTS` for the rest.
fn missing(subtype: AlterTableType, missing_ok: bool) -> Clauses {
    match subtype {
        AlterTableType::AtAddColumn => said::if_not_exists(missing_ok),
        _ => said::if_exists(missing_ok),
    }
}

fn of_type(subtype: AlterTableType) -> Option<Kind> {
    match subtype {
        AlterTableType::AtAddColumn => Some(Kind::AlterTypeAddAttribute),
        AlterTableType::AtDropColumn => Some(Kind::AlterTypeDropAttribute),
        AlterTableType::AtAlterColumnType => Some(Kind::AlterTypeAlterAttribute),
        AlterTableType::AtChangeOwner => Some(Kind::AlterTypeOwner),
        _ => None,
    }
}

#[rustfmt::skip]
fn of_table(subtype: AlterTableType, has_definition: bool) -> Option<Kind> {
    use AlterTableType as At;
    Some(match subtype {
        At::AtAddColumn => Kind::AlterTableAddColumn,
        At::AtColumnDefault => {
            if has_definition { Kind::AlterTableSetDefault } else { Kind::AlterTableDropDefault }
        }
        At::AtDropNotNull => Kind::AlterTableDropNotNull,
        At::AtSetNotNull => Kind::AlterTableSetNotNull,
        At::AtSetExpression => Kind::AlterTableSetExpression,
        At::AtDropExpression => Kind::AlterTableDropExpression,
        At::AtSetStatistics => Kind::AlterTableColumnStatistics,
        At::AtSetOptions | At::AtResetOptions => Kind::AlterTableColumnOptions,
        At::AtSetStorage => Kind::AlterTableColumnStorage,
        At::AtSetCompression => Kind::AlterTableColumnCompression,
        At::AtDropColumn => Kind::AlterTableDropColumn,
        At::AtAddConstraint | At::AtAddIndexConstraint => Kind::AlterTableAddConstraint,
        At::AtAlterConstraint => Kind::AlterTableAlterConstraint,
        At::AtValidateConstraint => Kind::AlterTableValidateConstraint,
        At::AtDropConstraint => Kind::AlterTableDropConstraint,
        At::AtAlterColumnType => Kind::AlterTableAlterColumnType,
        At::AtChangeOwner => Kind::AlterTableOwner,
        At::AtClusterOn => Kind::AlterTableCluster,
        At::AtDropCluster => Kind::AlterTableNoCluster,
        At::AtSetLogged => Kind::AlterTableSetLogged,
        At::AtSetUnLogged => Kind::AlterTableSetUnlogged,
        At::AtSetAccessMethod => Kind::AlterTableAccessMethod,
        At::AtSetTableSpace => Kind::AlterTableTablespace,
        // Without oids is how tables are; setting it does nothing.
        At::AtSetRelOptions | At::AtResetRelOptions | At::AtDropOids => Kind::AlterTableOptions,
        At::AtEnableTrig | At::AtEnableAlwaysTrig | At::AtEnableReplicaTrig
        | At::AtEnableTrigAll | At::AtEnableTrigUser => Kind::AlterTableEnableTrigger,
        At::AtDisableTrig | At::AtDisableTrigAll | At::AtDisableTrigUser => {
            Kind::AlterTableDisableTrigger
        }
        At::AtEnableRule | At::AtEnableAlwaysRule | At::AtEnableReplicaRule => Kind::AlterTableRule,
        At::AtDisableRule => Kind::AlterTableDisableRule,
        At::AtAddInherit => Kind::AlterTableInherit,
        At::AtDropInherit => Kind::AlterTableNoInherit,
        At::AtAddOf => Kind::AlterTableOf,
        At::AtDropOf => Kind::AlterTableNotOf,
        At::AtReplicaIdentity => Kind::AlterTableReplicaIdentity,
        At::AtEnableRowSecurity | At::AtDisableRowSecurity
        | At::AtForceRowSecurity | At::AtNoForceRowSecurity => Kind::AlterTableRowSecurity,
        // `ALTER TABLE` may be said of a foreign table as well.
        At::AtGenericOptions | At::AtAlterColumnGenericOptions => Kind::AlterForeignTable,
        At::AtAttachPartition => Kind::AlterTableAttachPartition,
        At::AtDetachPartition => Kind::AlterTableDetachPartition,
        At::AtDetachPartitionFinalize => Kind::AlterTableDetachFinalize,
        At::AtAddIdentity => Kind::AlterTableAddIdentity,
        At::AtSetIdentity => Kind::AlterTableSetIdentity,
        At::AtDropIdentity => Kind::AlterTableDropIdentity,
        _ => return None,
    })
}
