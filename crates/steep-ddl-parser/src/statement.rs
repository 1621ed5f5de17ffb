//! From the node of a parse tree to a statement.

use crate::table::about;
use crate::{alter_table, elsewhere, functions, names, objects, renamed, said, table};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    AlterDomainStmt, AlterEnumStmt, CreateSchemaStmt, DefElem, IndexStmt, Node, ObjectType,
};
use steep_ddl::{Clauses, Kind, ObjectName, Statement};

pub(crate) type Name = Option<ObjectName<'static>>;

/// `None` if the node is no statement, or one that is not known.
pub(crate) fn of(node: &NodeEnum) -> Option<Statement<'static>> {
    let statement = tables(node)
        .or_else(|| others(node))
        .or_else(|| elsewhere::instance_wide(node))
        .or_else(|| elsewhere::local(node))?;
    let by_schemas = said::by_schemas(statement.names());
    Some(statement.clauses(by_schemas))
}

pub(crate) fn simple(kind: Kind, name: Name) -> Statement<'static> {
    about(Statement::new(kind), name)
}

/// Tables, what belongs to them, and what has their form.
pub(crate) fn tables(node: &NodeEnum) -> Option<Statement<'static>> {
    Some(match node {
        NodeEnum::CreateStmt(create) => table::create(create),
        NodeEnum::CreateForeignTableStmt(create) => {
            let base = create.base_stmt.as_ref()?;
            simple(Kind::CreateForeignTable, names::relation(base.relation.as_ref()))
                .clauses(said::if_not_exists(base.if_not_exists))
        }
        NodeEnum::CreateTableAsStmt(create) => table::create_as(create),
        NodeEnum::SelectStmt(select) => table::select(select),
        NodeEnum::AlterTableStmt(alter) => alter_table::alter(alter)?,
        NodeEnum::AlterTableMoveAllStmt(alter) => Statement::new(match object(alter.objtype) {
            ObjectType::ObjectIndex => Kind::AlterIndexAllInTablespace,
            ObjectType::ObjectMatview => Kind::AlterMaterializedViewAllInTablespace,
            _ => Kind::AlterTableAllInTablespace,
        }),
        NodeEnum::TruncateStmt(truncate) => {
            let statement =
                Statement::new(Kind::Truncate).clauses(said::behavior(truncate.behavior));
            let statement = if truncate.restart_seqs {
                statement.and(Kind::TruncateRestart)
            } else {
                statement
            };
            truncate
                .relations
                .iter()
                .fold(statement, |statement, node| about(statement, names::object(node)))
        }
        NodeEnum::IndexStmt(index) => create_index(index),
        NodeEnum::ViewStmt(view) => simple(Kind::CreateView, names::relation(view.view.as_ref()))
            .clauses(said::persistence(view.view.as_ref()))
            .clauses(said::or_replace(view.replace)),
        NodeEnum::CreateSeqStmt(create) => {
            let sequence = create.sequence.as_ref();
            simple(Kind::CreateSequence, names::relation(sequence))
                .clauses(said::persistence(sequence))
                .clauses(said::if_not_exists(create.if_not_exists))
        }
        NodeEnum::AlterSeqStmt(alter) => {
            let sequence = alter.sequence.as_ref();
            simple(Kind::AlterSequence, names::relation(sequence))
                .clauses(said::persistence(sequence))
                .clauses(said::if_exists(alter.missing_ok))
        }
        NodeEnum::CreateStatsStmt(create) => {
            simple(Kind::CreateStatistics, names::parts(&create.defnames))
                .clauses(said::if_not_exists(create.if_not_exists))
        }
        NodeEnum::AlterStatsStmt(alter) => {
            simple(Kind::AlterStatistics, names::parts(&alter.defnames))
                .clauses(said::if_exists(alter.missing_ok))
        }
        NodeEnum::CreateTrigStmt(create) => {
            simple(Kind::CreateTrigger, names::relation(create.relation.as_ref()))
                .clauses(said::or_replace(create.replace))
        }
        NodeEnum::RuleStmt(rule) => {
            simple(Kind::CreateRule, names::relation(rule.relation.as_ref()))
                .clauses(said::or_replace(rule.replace))
        }
        NodeEnum::CreatePolicyStmt(policy) => {
            simple(Kind::CreatePolicy, names::relation(policy.table.as_ref()))
        }
        NodeEnum::AlterPolicyStmt(policy) => {
            simple(Kind::AlterPolicy, names::relation(policy.table.as_ref()))
        }
        _ => return None,
    })
}

pub(crate) fn object(number: i32) -> ObjectType {
    ObjectType::try_from(number).unwrap_or_default()
}

fn create_index(index: &IndexStmt) -> Statement<'static> {
    let relation = index.relation.as_ref();
    let statement = simple(Kind::CreateIndex, names::relation(relation))
        .clauses(said::persistence(relation))
        .clauses(said::concurrently(index.concurrent))
        .clauses(said::if_not_exists(index.if_not_exists));
    if index.unique { statement.and(Kind::CreateUniqueIndex) } else { statement }
}

/// Everything else in a database.
fn others(node: &NodeEnum) -> Option<Statement<'static>> {
    Some(match node {
        NodeEnum::DropStmt(drop) => objects::drop(drop)?,
        NodeEnum::CommentStmt(comment) => objects::comment(comment)?,
        NodeEnum::SecLabelStmt(_) => Statement::new(Kind::SecurityLabel),
        NodeEnum::GrantStmt(grant) => objects::grant(grant)?,
        NodeEnum::AlterDefaultPrivilegesStmt(_) => Statement::new(Kind::AlterDefaultPrivileges),
        NodeEnum::RenameStmt(rename) => renamed::rename(rename)?,
        NodeEnum::AlterObjectSchemaStmt(alter) => renamed::set_schema(alter)?,
        NodeEnum::AlterOwnerStmt(alter) => renamed::set_owner(alter)?,
        NodeEnum::AlterObjectDependsStmt(alter) => renamed::depends(alter)?,
        NodeEnum::DefineStmt(define) => objects::define(define)?,
        NodeEnum::CreateSchemaStmt(create) => create_schema(create)?,
        NodeEnum::CompositeTypeStmt(create) => {
            simple(Kind::CreateTypeComposite, names::relation(create.typevar.as_ref()))
        }
        NodeEnum::CreateEnumStmt(create) => {
            simple(Kind::CreateTypeEnum, names::parts(&create.type_name))
        }
        NodeEnum::CreateRangeStmt(create) => {
            simple(Kind::CreateTypeRange, names::parts(&create.type_name))
        }
        NodeEnum::AlterEnumStmt(alter) => alter_enum(alter),
        NodeEnum::AlterTypeStmt(alter) => simple(Kind::AlterType, names::parts(&alter.type_name)),
        NodeEnum::CreateDomainStmt(create) => {
            simple(Kind::CreateDomain, names::parts(&create.domainname))
        }
        NodeEnum::AlterDomainStmt(alter) => alter_domain(alter)?,
        NodeEnum::CreateExtensionStmt(create) => {
            let cascade =
                create.options.iter().filter_map(option).any(|one| one.defname == "cascade");
            simple(Kind::CreateExtension, names::plain(&create.extname))
                .clauses(said::if_not_exists(create.if_not_exists))
                .clauses(Clauses::NONE.with_if(cascade, Clauses::CASCADE))
        }
        NodeEnum::AlterExtensionStmt(alter) => {
            simple(Kind::AlterExtension, names::plain(&alter.extname))
        }
        NodeEnum::AlterExtensionContentsStmt(alter) => {
            let is_added = alter.action > 0;
            let kind =
                if is_added { Kind::AlterExtensionContents } else { Kind::AlterExtensionDrop };
            simple(kind, names::plain(&alter.extname))
        }
        NodeEnum::AlterCollationStmt(alter) => {
            simple(Kind::AlterCollationRefresh, names::parts(&alter.collname))
        }
        NodeEnum::AlterTsdictionaryStmt(alter) => {
            simple(Kind::AlterTextSearchDictionary, names::parts(&alter.dictname))
        }
        NodeEnum::AlterTsconfigurationStmt(alter) => {
            simple(Kind::AlterTextSearchConfiguration, names::parts(&alter.cfgname))
                .clauses(said::if_exists(alter.missing_ok))
        }
        _ => return functions::code(node).or_else(|| functions::foreign(node)),
    })
}

/// Elements are statements of their own, in the schema.
fn create_schema(create: &CreateSchemaStmt) -> Option<Statement<'static>> {
    let name = names::plain(&create.schemaname);
    let role = create.authrole.as_ref().and_then(|role| names::plain(&role.rolename));
    let mut whole = simple(Kind::CreateSchema, name.or(role))
        .clauses(said::if_not_exists(create.if_not_exists));
    for element in &create.schema_elts {
        whole = whole.containing(&of(element.node.as_ref()?)?);
    }
    Some(whole)
}

/// `RENAME VALUE` is the one without a place for the new value (`AlterEnumStmt`, gram.y).
fn alter_enum(alter: &AlterEnumStmt) -> Statement<'static> {
    let is_added =
        alter.old_val.is_empty() && (alter.new_val_is_after || !alter.new_val_neighbor.is_empty());
    let kind = if is_added { Kind::AlterTypeAddValue } else { Kind::AlterTypeRenameValue };
    simple(kind, names::parts(&alter.type_name))
        .clauses(said::if_not_exists(alter.skip_if_new_val_exists))
}

/// Letters of `AlterDomainStmt` (parsenodes.h).
fn alter_domain(alter: &AlterDomainStmt) -> Option<Statement<'static>> {
    let kind = match alter.subtype.as_str() {
        "T" if alter.def.is_some() => Kind::AlterDomainDefault,
        "T" => Kind::AlterDomainDropDefault,
        "N" => Kind::AlterDomainDropNotNull,
        "O" => Kind::AlterDomainSetNotNull,
        "C" => Kind::AlterDomainAddConstraint,
        "X" => Kind::AlterDomainDropConstraint,
        "V" => Kind::AlterDomainValidateConstraint,
        _ => return None,
    };
    let statement = simple(kind, names::parts(&alter.type_name));
    Some(
        statement
            .clauses(said::behavior(alter.behavior))
            .clauses(said::if_exists(alter.missing_ok)),
    )
}

pub(crate) fn option(node: &Node) -> Option<&DefElem> {
    match node.node.as_ref()? {
        NodeEnum::DefElem(option) => Some(option),
        _ => None,
    }
}
