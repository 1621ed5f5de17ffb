//! `RENAME`, `SET SCHEMA`, `OWNER TO`, `DEPENDS ON EXTENSION`: one form for every kind of object.

use crate::table::about;
use crate::{names, said};
use pg_query::protobuf::{
    AlterObjectDependsStmt, AlterObjectSchemaStmt, AlterOwnerStmt, Node, ObjectType, RangeVar,
    RenameStmt,
};
use steep_ddl::{Kind, ObjectName, Statement};

pub(crate) fn rename(rename: &RenameStmt) -> Option<Statement<'static>> {
    let object = object_type(rename.rename_type);
    let kind = match object {
        ObjectType::ObjectTable => Kind::AlterTableRename,
        ObjectType::ObjectColumn => match object_type(rename.relation_type) {
            ObjectType::ObjectTable => Kind::AlterTableRenameColumn,
            other => altered(other)?,
        },
        ObjectType::ObjectTabconstraint => Kind::AlterTableRenameConstraint,
        ObjectType::ObjectDomconstraint => Kind::AlterDomainRenameConstraint,
        ObjectType::ObjectAttribute => Kind::AlterTypeRenameAttribute,
        ObjectType::ObjectSequence => Kind::AlterSequenceName,
        ObjectType::ObjectSchema => Kind::AlterSchemaRename,
        ObjectType::ObjectType => Kind::AlterTypeRename,
        ObjectType::ObjectDomain => Kind::AlterDomainRename,
        other => altered(other)?,
    };
    let name = match object {
        // The name of a schema, role, database or tablespace stands where others have that of a part.
        ObjectType::ObjectSchema
        | ObjectType::ObjectRole
        | ObjectType::ObjectDatabase
        | ObjectType::ObjectTablespace => names::plain(&rename.subname),
        _ => named(object, rename.relation.as_ref(), rename.object.as_deref()),
    };
    let statement = Statement::new(kind)
        .clauses(said::behavior(rename.behavior))
        .clauses(said::if_exists(rename.missing_ok))
        .clauses(said::persistence(rename.relation.as_ref()));
    Some(about(statement, name))
}

pub(crate) fn set_schema(alter: &AlterObjectSchemaStmt) -> Option<Statement<'static>> {
    let object = object_type(alter.object_type);
    let kind = match object {
        ObjectType::ObjectTable => Kind::AlterTableSetSchema,
        ObjectType::ObjectSequence => Kind::AlterSequenceSchema,
        ObjectType::ObjectType => Kind::AlterTypeSchema,
        ObjectType::ObjectDomain => Kind::AlterDomainSchema,
        other => altered(other)?,
    };
    let statement = Statement::new(kind).clauses(said::if_exists(alter.missing_ok));
    Some(about(statement, named(object, alter.relation.as_ref(), alter.object.as_deref())))
}

pub(crate) fn set_owner(alter: &AlterOwnerStmt) -> Option<Statement<'static>> {
    let object = object_type(alter.object_type);
    let kind = match object {
        ObjectType::ObjectSchema => Kind::AlterSchemaOwner,
        ObjectType::ObjectType => Kind::AlterTypeOwner,
        ObjectType::ObjectDomain => Kind::AlterDomainOwner,
        other => altered(other)?,
    };
    let name = named(object, alter.relation.as_ref(), alter.object.as_deref());
    Some(about(Statement::new(kind), name))
}

pub(crate) fn depends(alter: &AlterObjectDependsStmt) -> Option<Statement<'static>> {
    let object = object_type(alter.object_type);
    let name = named(object, alter.relation.as_ref(), alter.object.as_deref());
    Some(about(Statement::new(altered(object)?), name))
}

fn object_type(number: i32) -> ObjectType {
    ObjectType::try_from(number).unwrap_or_default()
}

fn named(
    object: ObjectType,
    relation: Option<&RangeVar>,
    node: Option<&Node>,
) -> Option<ObjectName<'static>> {
    names::relation(relation).or_else(|| match object {
        ObjectType::ObjectOpclass | ObjectType::ObjectOpfamily => names::after_method(node?),
        _ => names::object(node?),
    })
}

/// What changing an object is, where it makes no difference what is changed.
#[rustfmt::skip]
fn altered(object: ObjectType) -> Option<Kind> {
    Some(match object {
        ObjectType::ObjectAggregate => Kind::AlterAggregate,
        ObjectType::ObjectCollation => Kind::AlterCollation,
        ObjectType::ObjectConversion => Kind::AlterConversion,
        ObjectType::ObjectDatabase => Kind::AlterDatabase,
        ObjectType::ObjectEventTrigger => Kind::AlterEventTrigger,
        ObjectType::ObjectExtension => Kind::AlterExtension,
        ObjectType::ObjectFdw => Kind::AlterForeignDataWrapper,
        ObjectType::ObjectForeignServer => Kind::AlterServer,
        ObjectType::ObjectForeignTable => Kind::AlterForeignTable,
        ObjectType::ObjectFunction => Kind::AlterFunction,
        ObjectType::ObjectIndex => Kind::AlterIndex,
        ObjectType::ObjectLanguage => Kind::AlterLanguage,
        ObjectType::ObjectLargeobject => Kind::AlterLargeObject,
        ObjectType::ObjectMatview => Kind::AlterMaterializedView,
        ObjectType::ObjectOpclass => Kind::AlterOperatorClass,
        ObjectType::ObjectOperator => Kind::AlterOperator,
        ObjectType::ObjectOpfamily => Kind::AlterOperatorFamily,
        ObjectType::ObjectPolicy => Kind::AlterPolicy,
        ObjectType::ObjectProcedure => Kind::AlterProcedure,
        ObjectType::ObjectPublication => Kind::AlterPublication,
        ObjectType::ObjectRole => Kind::AlterRole,
        ObjectType::ObjectRoutine => Kind::AlterRoutine,
        ObjectType::ObjectRule => Kind::AlterRule,
        ObjectType::ObjectStatisticExt => Kind::AlterStatistics,
        ObjectType::ObjectSubscription => Kind::AlterSubscription,
        ObjectType::ObjectTablespace => Kind::AlterTablespace,
        ObjectType::ObjectTrigger => Kind::AlterTrigger,
        ObjectType::ObjectTsconfiguration => Kind::AlterTextSearchConfiguration,
        ObjectType::ObjectTsdictionary => Kind::AlterTextSearchDictionary,
        ObjectType::ObjectTsparser => Kind::AlterTextSearchParser,
        ObjectType::ObjectTstemplate => Kind::AlterTextSearchTemplate,
        ObjectType::ObjectView => Kind::AlterView,
        _ => return None,
    })
}
