//! Functions, what stands on them, and what reaches other servers.

use crate::statement::{object, simple};
use crate::{names, said};
use pg_query::NodeEnum;
use pg_query::protobuf::ObjectType;
use steep_ddl::{Kind, Statement};

/// Functions, and what stands on them.
pub(crate) fn code(node: &NodeEnum) -> Option<Statement<'static>> {
    Some(match node {
        NodeEnum::CreateFunctionStmt(create) => {
            let kind =
                if create.is_procedure { Kind::CreateProcedure } else { Kind::CreateFunction };
            simple(kind, names::parts(&create.funcname)).clauses(said::or_replace(create.replace))
        }
        NodeEnum::AlterFunctionStmt(alter) => {
            let kind = match object(alter.objtype) {
                ObjectType::ObjectProcedure => Kind::AlterProcedure,
                ObjectType::ObjectRoutine => Kind::AlterRoutine,
                _ => Kind::AlterFunction,
            };
            simple(kind, alter.func.as_ref().and_then(|named| names::parts(&named.objname)))
        }
        NodeEnum::AlterOperatorStmt(alter) => {
            let name = alter.opername.as_ref().and_then(|named| names::parts(&named.objname));
            simple(Kind::AlterOperator, name)
        }
        NodeEnum::CreateOpClassStmt(create) => {
            simple(Kind::CreateOperatorClass, names::parts(&create.opclassname))
        }
        NodeEnum::CreateOpFamilyStmt(create) => {
            simple(Kind::CreateOperatorFamily, names::parts(&create.opfamilyname))
        }
        NodeEnum::AlterOpFamilyStmt(alter) => {
            simple(Kind::AlterOperatorFamily, names::parts(&alter.opfamilyname))
        }
        NodeEnum::CreateConversionStmt(create) => {
            simple(Kind::CreateConversion, names::parts(&create.conversion_name))
        }
        NodeEnum::CreateCastStmt(_) => Statement::new(Kind::CreateCast),
        NodeEnum::CreateTransformStmt(create) => {
            Statement::new(Kind::CreateTransform).clauses(said::or_replace(create.replace))
        }
        NodeEnum::CreatePlangStmt(create) => {
            simple(Kind::CreateLanguage, names::plain(&create.plname))
                .clauses(said::or_replace(create.replace))
        }
        NodeEnum::CreateAmStmt(create) => {
            simple(Kind::CreateAccessMethod, names::plain(&create.amname))
        }
        NodeEnum::CreateEventTrigStmt(create) => {
            simple(Kind::CreateEventTrigger, names::plain(&create.trigname))
        }
        NodeEnum::AlterEventTrigStmt(alter) => {
            simple(Kind::AlterEventTrigger, names::plain(&alter.trigname))
        }
        _ => return None,
    })
}

/// What reaches other servers.
pub(crate) fn foreign(node: &NodeEnum) -> Option<Statement<'static>> {
    Some(match node {
        NodeEnum::CreateFdwStmt(create) => {
            simple(Kind::CreateForeignDataWrapper, names::plain(&create.fdwname))
        }
        NodeEnum::AlterFdwStmt(alter) => {
            simple(Kind::AlterForeignDataWrapper, names::plain(&alter.fdwname))
        }
        NodeEnum::CreateForeignServerStmt(create) => {
            simple(Kind::CreateServer, names::plain(&create.servername))
                .clauses(said::if_not_exists(create.if_not_exists))
        }
        NodeEnum::AlterForeignServerStmt(alter) => {
            simple(Kind::AlterServer, names::plain(&alter.servername))
        }
        NodeEnum::CreateUserMappingStmt(_) => Statement::new(Kind::CreateUserMapping),
        NodeEnum::AlterUserMappingStmt(_) => Statement::new(Kind::AlterUserMapping),
        NodeEnum::DropUserMappingStmt(_) => Statement::new(Kind::DropUserMapping),
        NodeEnum::ImportForeignSchemaStmt(_) => Statement::new(Kind::ImportForeignSchema),
        _ => return None,
    })
}
