//! `DROP`, `COMMENT`, `GRANT` and what else names its kind of object apart from it.

use crate::{names, said, table::about};
use pg_query::NodeEnum;
use pg_query::protobuf::{
    CommentStmt, DefineStmt, DropStmt, GrantStmt, GrantTargetType, Node, ObjectType,
};
use steep_ddl::{Kind, ObjectName, Statement};

/// `DROP` of one or more objects.
pub(crate) fn drop(drop: &DropStmt) -> Option<Statement<'static>> {
    let object = ObjectType::try_from(drop.remove_type).unwrap_or_default();
    let statement = Statement::new(dropped(object)?)
        .clauses(said::behavior(drop.behavior))
        .clauses(said::if_exists(drop.missing_ok))
        .clauses(said::concurrently(drop.concurrent));
    let name = |node| named(object, node);
    Some(drop.objects.iter().fold(statement, |statement, node| about(statement, name(node))))
}

/// `COMMENT ON`.
pub(crate) fn comment(comment: &CommentStmt) -> Option<Statement<'static>> {
    let object = ObjectType::try_from(comment.objtype).unwrap_or_default();
    let name = comment.object.as_deref().and_then(|node| named(object, node));
    Some(about(Statement::new(commented(object)?), name))
}

/// `GRANT` and `REVOKE` of privileges.
pub(crate) fn grant(grant: &GrantStmt) -> Option<Statement<'static>> {
    let object = ObjectType::try_from(grant.objtype).unwrap_or_default();
    let (granted, revoked) = granted(object)?;
    let kind = if grant.is_grant { granted } else { revoked };
    let statement = Statement::new(kind).clauses(said::behavior(grant.behavior));
    let is_in_schemas = grant.targtype == GrantTargetType::AclTargetAllInSchema as i32;
    let name = |node| if is_in_schemas { names::object(node) } else { named(object, node) };
    Some(grant.objects.iter().fold(statement, |statement, node| about(statement, name(node))))
}

/// `CREATE AGGREGATE`, `OPERATOR`, `TYPE`, `COLLATION`, `TEXT SEARCH …`.
pub(crate) fn define(define: &DefineStmt) -> Option<Statement<'static>> {
    let kind = match ObjectType::try_from(define.kind).unwrap_or_default() {
        ObjectType::ObjectAggregate => Kind::CreateAggregate,
        ObjectType::ObjectOperator => Kind::CreateOperator,
        ObjectType::ObjectType => Kind::CreateType,
        ObjectType::ObjectCollation => Kind::CreateCollation,
        ObjectType::ObjectTsconfiguration => Kind::CreateTextSearchConfiguration,
        ObjectType::ObjectTsdictionary => Kind::CreateTextSearchDictionary,
        ObjectType::ObjectTsparser => Kind::CreateTextSearchParser,
        ObjectType::ObjectTstemplate => Kind::CreateTextSearchTemplate,
        _ => return None,
    };
    let statement = Statement::new(kind)
        .clauses(said::or_replace(define.replace))
        .clauses(said::if_not_exists(define.if_not_exists));
    Some(about(statement, names::parts(&define.defnames)))
}

/// The object, or the table that it is a part of.
fn named(object: ObjectType, node: &Node) -> Option<ObjectName<'static>> {
    match object {
        ObjectType::ObjectColumn
        | ObjectType::ObjectTabconstraint
        | ObjectType::ObjectDomconstraint
        | ObjectType::ObjectTrigger
        | ObjectType::ObjectRule
        | ObjectType::ObjectPolicy => names::owner(node),
        ObjectType::ObjectOpclass | ObjectType::ObjectOpfamily => names::after_method(node),
        // A pair of types, or a type and a language.
        ObjectType::ObjectCast | ObjectType::ObjectTransform => None,
        ObjectType::ObjectLargeobject => match node.node.as_ref()? {
            NodeEnum::Integer(number) => Some(ObjectName::unqualified(number.ival.to_string())),
            NodeEnum::Float(number) => Some(ObjectName::unqualified(number.fval.clone())),
            _ => None,
        },
        _ => names::object(node),
    }
}

#[rustfmt::skip]
fn dropped(object: ObjectType) -> Option<Kind> {
    Some(match object {
        ObjectType::ObjectAccessMethod => Kind::DropAccessMethod,
        ObjectType::ObjectAggregate => Kind::DropAggregate,
        ObjectType::ObjectCast => Kind::DropCast,
        ObjectType::ObjectCollation => Kind::DropCollation,
        ObjectType::ObjectConversion => Kind::DropConversion,
        ObjectType::ObjectDomain => Kind::DropDomain,
        ObjectType::ObjectEventTrigger => Kind::DropEventTrigger,
        ObjectType::ObjectExtension => Kind::DropExtension,
        ObjectType::ObjectFdw => Kind::DropForeignDataWrapper,
        ObjectType::ObjectForeignServer => Kind::DropServer,
        ObjectType::ObjectForeignTable => Kind::DropForeignTable,
        ObjectType::ObjectFunction => Kind::DropFunction,
        ObjectType::ObjectIndex => Kind::DropIndex,
        ObjectType::ObjectLanguage => Kind::DropLanguage,
        ObjectType::ObjectMatview => Kind::DropMaterializedView,
        ObjectType::ObjectOpclass => Kind::DropOperatorClass,
        ObjectType::ObjectOperator => Kind::DropOperator,
        ObjectType::ObjectOpfamily => Kind::DropOperatorFamily,
        ObjectType::ObjectPolicy => Kind::DropPolicy,
        ObjectType::ObjectProcedure => Kind::DropProcedure,
        ObjectType::ObjectPublication => Kind::DropPublication,
        ObjectType::ObjectRoutine => Kind::DropRoutine,
        ObjectType::ObjectRule => Kind::DropRule,
        ObjectType::ObjectSchema => Kind::DropSchema,
        ObjectType::ObjectSequence => Kind::DropSequence,
        ObjectType::ObjectStatisticExt => Kind::DropStatistics,
        ObjectType::ObjectTable => Kind::DropTable,
        ObjectType::ObjectTransform => Kind::DropTransform,
        ObjectType::ObjectTrigger => Kind::DropTrigger,
        ObjectType::ObjectTsconfiguration => Kind::DropTextSearchConfiguration,
        ObjectType::ObjectTsdictionary => Kind::DropTextSearchDictionary,
        ObjectType::ObjectTsparser => Kind::DropTextSearchParser,
        ObjectType::ObjectTstemplate => Kind::DropTextSearchTemplate,
        ObjectType::ObjectType => Kind::DropType,
        ObjectType::ObjectView => Kind::DropView,
        _ => return None,
    })
}

#[rustfmt::skip]
fn commented(object: ObjectType) -> Option<Kind> {
    Some(match object {
        ObjectType::ObjectAccessMethod => Kind::CommentOnAccessMethod,
        ObjectType::ObjectAggregate => Kind::CommentOnAggregate,
        ObjectType::ObjectCast => Kind::CommentOnCast,
        ObjectType::ObjectCollation => Kind::CommentOnCollation,
        ObjectType::ObjectColumn => Kind::CommentOnColumn,
        ObjectType::ObjectConversion => Kind::CommentOnConversion,
        ObjectType::ObjectDatabase => Kind::CommentOnDatabase,
        ObjectType::ObjectDomain => Kind::CommentOnDomain,
        ObjectType::ObjectDomconstraint | ObjectType::ObjectTabconstraint => {
            Kind::CommentOnConstraint
        }
        ObjectType::ObjectEventTrigger => Kind::CommentOnEventTrigger,
        ObjectType::ObjectExtension => Kind::CommentOnExtension,
        ObjectType::ObjectFdw => Kind::CommentOnForeignDataWrapper,
        ObjectType::ObjectForeignServer => Kind::CommentOnServer,
        ObjectType::ObjectForeignTable => Kind::CommentOnForeignTable,
        ObjectType::ObjectFunction => Kind::CommentOnFunction,
        ObjectType::ObjectIndex => Kind::CommentOnIndex,
        ObjectType::ObjectLanguage => Kind::CommentOnLanguage,
        ObjectType::ObjectLargeobject => Kind::CommentOnLargeObject,
        ObjectType::ObjectMatview => Kind::CommentOnMaterializedView,
        ObjectType::ObjectOpclass => Kind::CommentOnOperatorClass,
        ObjectType::ObjectOperator => Kind::CommentOnOperator,
        ObjectType::ObjectOpfamily => Kind::CommentOnOperatorFamily,
        ObjectType::ObjectPolicy => Kind::CommentOnPolicy,
        ObjectType::ObjectProcedure => Kind::CommentOnProcedure,
        ObjectType::ObjectPublication => Kind::CommentOnPublication,
        ObjectType::ObjectRole => Kind::CommentOnRole,
        ObjectType::ObjectRoutine => Kind::CommentOnRoutine,
        ObjectType::ObjectRule => Kind::CommentOnRule,
        ObjectType::ObjectSchema => Kind::CommentOnSchema,
        ObjectType::ObjectSequence => Kind::CommentOnSequence,
        ObjectType::ObjectStatisticExt => Kind::CommentOnStatistics,
        ObjectType::ObjectSubscription => Kind::CommentOnSubscription,
        ObjectType::ObjectTable => Kind::CommentOnTable,
        ObjectType::ObjectTablespace => Kind::CommentOnTablespace,
        ObjectType::ObjectTransform => Kind::CommentOnTransform,
        ObjectType::ObjectTrigger => Kind::CommentOnTrigger,
        ObjectType::ObjectTsconfiguration => Kind::CommentOnTextSearchConfiguration,
        ObjectType::ObjectTsdictionary => Kind::CommentOnTextSearchDictionary,
        ObjectType::ObjectTsparser => Kind::CommentOnTextSearchParser,
        ObjectType::ObjectTstemplate => Kind::CommentOnTextSearchTemplate,
        ObjectType::ObjectType => Kind::CommentOnType,
        ObjectType::ObjectView => Kind::CommentOnView,
        _ => return None,
    })
}

/// To grant, and to revoke.
#[rustfmt::skip]
fn granted(object: ObjectType) -> Option<(Kind, Kind)> {
    Some(match object {
        ObjectType::ObjectTable => (Kind::GrantOnTable, Kind::RevokeOnTable),
        ObjectType::ObjectSequence => (Kind::GrantOnSequence, Kind::RevokeOnSequence),
        ObjectType::ObjectSchema => (Kind::GrantOnSchema, Kind::RevokeOnSchema),
        ObjectType::ObjectType => (Kind::GrantOnType, Kind::RevokeOnType),
        ObjectType::ObjectDomain => (Kind::GrantOnDomain, Kind::RevokeOnDomain),
        ObjectType::ObjectFunction => (Kind::GrantOnFunction, Kind::RevokeOnFunction),
        ObjectType::ObjectProcedure => (Kind::GrantOnProcedure, Kind::RevokeOnProcedure),
        ObjectType::ObjectRoutine => (Kind::GrantOnRoutine, Kind::RevokeOnRoutine),
        ObjectType::ObjectLanguage => (Kind::GrantOnLanguage, Kind::RevokeOnLanguage),
        ObjectType::ObjectFdw => {
            (Kind::GrantOnForeignDataWrapper, Kind::RevokeOnForeignDataWrapper)
        }
        ObjectType::ObjectForeignServer => (Kind::GrantOnServer, Kind::RevokeOnServer),
        ObjectType::ObjectDatabase => (Kind::GrantOnDatabase, Kind::RevokeOnDatabase),
        ObjectType::ObjectTablespace => (Kind::GrantOnTablespace, Kind::RevokeOnTablespace),
        ObjectType::ObjectParameterAcl => (Kind::GrantOnParameter, Kind::RevokeOnParameter),
        ObjectType::ObjectLargeobject => (Kind::GrantOnLargeObject, Kind::RevokeOnLargeObject),
        _ => return None,
    })
}
