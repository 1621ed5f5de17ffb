//! The table of all kinds.

use super::Treatment;
use crate::{Class, Unreplicated};

const AUTO: Treatment = Treatment::Replicated(Class::AutoApply);
const APPROVE: Treatment = Treatment::Replicated(Class::RequireApproval);
const EXCLUDE: Treatment = Treatment::Replicated(Class::Exclude);
const CHECKING: Treatment = Treatment::Checking;

const fn told(reason: Unreplicated) -> Treatment {
    Treatment::Told(reason)
}

const fn silent(reason: Unreplicated) -> Treatment {
    Treatment::Silent(reason)
}

/// What is known of a kind.
pub(super) struct Row {
    pub(super) tag: &'static str,
    pub(super) name: &'static str,
    pub(super) treatment: Treatment,
    pub(super) why: &'static str,
}

macro_rules! kinds {
    ($($tag:literal { $($kind:ident, $name:literal, $treatment:expr, $why:literal;)+ })+) => {
        /// What a statement does, as finely as replication has to tell it.
        ///
        /// A statement that does several things, such as `ALTER TABLE` with several subcommands, is
        /// made of several kinds. The documentation of each kind is its name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[doc = concat!("`", $name, "`: ", $why, ".")] $kind,)+)+
        }

        impl Kind {
            /// All kinds, those of one tag together.
            pub const ALL: &[Self] = &[$($(Self::$kind,)+)+];

            /// How many kinds there are.
            pub const COUNT: usize = Self::ALL.len();

            pub(super) fn row(self) -> &'static Row {
                &ROWS[self as usize]
            }
        }

        static ROWS: [Row; Kind::COUNT] = [
            $($(Row { tag: $tag, name: $name, treatment: $treatment, why: $why },)+)+
        ];
    };
}

kinds! {
    "CREATE TABLE" {
        CreateTable, "CREATE TABLE", AUTO, "an empty table, the same everywhere";
        CreateTablePartitionOf, "CREATE TABLE PARTITION OF", AUTO, "an empty partition";
        CreateTableInherits, "CREATE TABLE INHERITS", AUTO, "an empty child";
    }
    "CREATE TABLE AS" {
        CreateTableAs, "CREATE TABLE AS", told(Unreplicated::RunsQuery), "the query has another answer on each node";
    }
    "SELECT INTO" {
        SelectInto, "SELECT INTO", told(Unreplicated::RunsQuery), "the query has another answer on each node";
    }
    "CREATE FOREIGN TABLE" {
        CreateForeignTable, "CREATE FOREIGN TABLE", APPROVE, "the peer may not reach the foreign server";
    }
    "ALTER TABLE" {
        AlterTableAddColumn, "ALTER TABLE ADD COLUMN", AUTO, "rows on the way that lack the column get its default";
        AlterTableDropColumn, "ALTER TABLE DROP COLUMN", APPROVE, "data is lost";
        AlterTableAlterColumnType, "ALTER TABLE ALTER COLUMN TYPE", APPROVE, "values are converted, on each node its own";
        AlterTableSetDefault, "ALTER TABLE ALTER COLUMN SET DEFAULT", AUTO, "for rows to come, which are replicated whole";
        AlterTableDropDefault, "ALTER TABLE ALTER COLUMN DROP DEFAULT", AUTO, "for rows to come, which are replicated whole";
        AlterTableSetNotNull, "ALTER TABLE ALTER COLUMN SET NOT NULL", CHECKING, "a peer may have a null that the origin has not";
        AlterTableDropNotNull, "ALTER TABLE ALTER COLUMN DROP NOT NULL", AUTO, "whatever fitted still fits";
        AlterTableSetExpression, "ALTER TABLE ALTER COLUMN SET EXPRESSION", APPROVE, "all values are computed anew";
        AlterTableDropExpression, "ALTER TABLE ALTER COLUMN DROP EXPRESSION", APPROVE, "the column begins to replicate";
        AlterTableColumnStatistics, "ALTER TABLE ALTER COLUMN SET STATISTICS", AUTO, "a hint for the planner";
        AlterTableColumnOptions, "ALTER TABLE ALTER COLUMN SET OPTIONS", AUTO, "a hint for the planner";
        AlterTableColumnStorage, "ALTER TABLE ALTER COLUMN SET STORAGE", AUTO, "how values lie on disk";
        AlterTableColumnCompression, "ALTER TABLE ALTER COLUMN SET COMPRESSION", AUTO, "how values lie on disk";
        AlterTableAddIdentity, "ALTER TABLE ALTER COLUMN ADD GENERATED", AUTO, "for rows to come; ranges keep their ids apart";
        AlterTableSetIdentity, "ALTER TABLE ALTER COLUMN SET GENERATED", APPROVE, "may move a node's ids into those of another";
        AlterTableDropIdentity, "ALTER TABLE ALTER COLUMN DROP IDENTITY", APPROVE, "the position of each node's ids is lost";
        AlterTableAddConstraint, "ALTER TABLE ADD CONSTRAINT", CHECKING, "a peer may have rows that violate it";
        AlterTableValidateConstraint, "ALTER TABLE VALIDATE CONSTRAINT", CHECKING, "a peer may have rows that violate it";
        AlterTableAlterConstraint, "ALTER TABLE ALTER CONSTRAINT", CHECKING, "a peer may have rows that violate it once it is enforced";
        AlterTableRenameConstraint, "ALTER TABLE RENAME CONSTRAINT", AUTO, "nothing but a name";
        AlterTableDropConstraint, "ALTER TABLE DROP CONSTRAINT", APPROVE, "may be the key that replication stands on";
        AlterTableReplicaIdentity, "ALTER TABLE REPLICA IDENTITY", APPROVE, "replication stands on it";
        AlterTableRename, "ALTER TABLE RENAME TO", APPROVE, "rows on the way are for the old name";
        AlterTableRenameColumn, "ALTER TABLE RENAME COLUMN", APPROVE, "rows on the way have the old name";
        AlterTableSetSchema, "ALTER TABLE SET SCHEMA", APPROVE, "rows on the way are for the old schema";
        AlterTableOwner, "ALTER TABLE OWNER TO", AUTO, "the role is expected on every node";
        AlterTableAttachPartition, "ALTER TABLE ATTACH PARTITION", APPROVE, "a peer may have rows that do not fit the bound";
        AlterTableDetachPartition, "ALTER TABLE DETACH PARTITION", APPROVE, "rows on the way may be for the partition";
        AlterTableDetachFinalize, "ALTER TABLE DETACH PARTITION FINALIZE", silent(Unreplicated::Upkeep), "ends what was interrupted on this node";
        AlterTableInherit, "ALTER TABLE INHERIT", APPROVE, "changes which rows the parent shows";
        AlterTableNoInherit, "ALTER TABLE NO INHERIT", APPROVE, "changes which rows the parent shows";
        AlterTableOf, "ALTER TABLE OF", AUTO, "nothing but where the definition comes from";
        AlterTableNotOf, "ALTER TABLE NOT OF", AUTO, "nothing but where the definition comes from";
        AlterTableRowSecurity, "ALTER TABLE ROW LEVEL SECURITY", APPROVE, "decides who sees rows, and whether they can be applied";
        AlterTableEnableTrigger, "ALTER TABLE ENABLE TRIGGER", EXCLUDE, "triggers are excluded, and need not be there";
        AlterTableDisableTrigger, "ALTER TABLE DISABLE TRIGGER", EXCLUDE, "triggers are excluded, and need not be there";
        AlterTableRule, "ALTER TABLE ENABLE RULE", EXCLUDE, "rules are excluded, and need not be there";
        AlterTableDisableRule, "ALTER TABLE DISABLE RULE", EXCLUDE, "rules are excluded, and need not be there";
        AlterTableCluster, "ALTER TABLE CLUSTER ON", AUTO, "how rows lie on disk";
        AlterTableNoCluster, "ALTER TABLE SET WITHOUT CLUSTER", AUTO, "how rows lie on disk";
        AlterTableOptions, "ALTER TABLE SET OPTIONS", AUTO, "how rows lie on disk, and when they are vacuumed";
        AlterTableSetLogged, "ALTER TABLE SET LOGGED", APPROVE, "rows that are there have not been replicated";
        AlterTableSetUnlogged, "ALTER TABLE SET UNLOGGED", APPROVE, "rows stop to replicate";
        AlterTableAccessMethod, "ALTER TABLE SET ACCESS METHOD", APPROVE, "the peer may not have the access method";
        AlterTableTablespace, "ALTER TABLE SET TABLESPACE", told(Unreplicated::Placement), "tablespaces are each server's own";
        AlterTableAllInTablespace, "ALTER TABLE ALL IN TABLESPACE", told(Unreplicated::Placement), "tablespaces are each server's own";
    }
    "ALTER FOREIGN TABLE" {
        AlterForeignTable, "ALTER FOREIGN TABLE", APPROVE, "the peer may not reach the foreign server";
    }
    "DROP TABLE" {
        DropTable, "DROP TABLE", APPROVE, "data is lost";
    }
    "DROP FOREIGN TABLE" {
        DropForeignTable, "DROP FOREIGN TABLE", APPROVE, "another node may still use it";
    }
    "TRUNCATE" {
        Truncate, "TRUNCATE", APPROVE, "data is lost";
        TruncateRestart, "TRUNCATE RESTART IDENTITY", APPROVE, "data is lost, and each node's position in its ids";
    }
    "CREATE INDEX" {
        CreateIndex, "CREATE INDEX", AUTO, "can be made anew from what is there";
        CreateUniqueIndex, "CREATE UNIQUE INDEX", CHECKING, "a peer may have rows that are equal in it";
    }
    "ALTER INDEX" {
        AlterIndex, "ALTER INDEX", AUTO, "nothing but a name, or how it lies on disk";
        AlterIndexTablespace, "ALTER INDEX SET TABLESPACE", told(Unreplicated::Placement), "tablespaces are each server's own";
        AlterIndexAllInTablespace, "ALTER INDEX ALL IN TABLESPACE", told(Unreplicated::Placement), "tablespaces are each server's own";
    }
    "DROP INDEX" {
        DropIndex, "DROP INDEX", AUTO, "can be made anew from what is there";
    }
    "CREATE VIEW" {
        CreateView, "CREATE VIEW", AUTO, "holds no data";
    }
    "ALTER VIEW" {
        AlterView, "ALTER VIEW", AUTO, "holds no data";
    }
    "DROP VIEW" {
        DropView, "DROP VIEW", AUTO, "holds no data";
    }
    "CREATE MATERIALIZED VIEW" {
        CreateMaterializedView, "CREATE MATERIALIZED VIEW", APPROVE, "each node runs the query while it applies nothing else";
    }
    "ALTER MATERIALIZED VIEW" {
        AlterMaterializedView, "ALTER MATERIALIZED VIEW", AUTO, "its rows can be made anew";
        AlterMaterializedViewTablespace, "ALTER MATERIALIZED VIEW SET TABLESPACE", told(Unreplicated::Placement), "tablespaces are each server's own";
        AlterMaterializedViewAllInTablespace, "ALTER MATERIALIZED VIEW ALL IN TABLESPACE", told(Unreplicated::Placement), "tablespaces are each server's own";
    }
    "REFRESH MATERIALIZED VIEW" {
        RefreshMaterializedView, "REFRESH MATERIALIZED VIEW", silent(Unreplicated::Upkeep), "each node refreshes its own";
    }
    "DROP MATERIALIZED VIEW" {
        DropMaterializedView, "DROP MATERIALIZED VIEW", AUTO, "its rows can be made anew";
    }
    "CREATE SEQUENCE" {
        CreateSequence, "CREATE SEQUENCE", AUTO, "each node has a position of its own";
    }
    "ALTER SEQUENCE" {
        AlterSequence, "ALTER SEQUENCE", APPROVE, "may move a node's ids into those of another";
        AlterSequenceName, "ALTER SEQUENCE RENAME TO", AUTO, "nothing but a name";
        AlterSequenceSchema, "ALTER SEQUENCE SET SCHEMA", AUTO, "nothing but a name";
        AlterSequenceOwner, "ALTER SEQUENCE OWNER TO", AUTO, "the role is expected on every node";
    }
    "DROP SEQUENCE" {
        DropSequence, "DROP SEQUENCE", APPROVE, "each node's position is lost";
    }
    "CREATE TYPE" {
        CreateType, "CREATE TYPE", EXCLUDE, "a base type stands on functions, which are excluded";
        CreateTypeComposite, "CREATE TYPE AS", AUTO, "nothing has it yet";
        CreateTypeEnum, "CREATE TYPE AS ENUM", AUTO, "nothing has it yet";
        CreateTypeRange, "CREATE TYPE AS RANGE", AUTO, "nothing has it yet";
    }
    "ALTER TYPE" {
        AlterType, "ALTER TYPE SET", EXCLUDE, "a base type stands on functions, which are excluded";
        AlterTypeAddValue, "ALTER TYPE ADD VALUE", AUTO, "whatever fitted still fits";
        AlterTypeRenameValue, "ALTER TYPE RENAME VALUE", APPROVE, "rows on the way have the old label";
        AlterTypeAddAttribute, "ALTER TYPE ADD ATTRIBUTE", APPROVE, "values on the way lack the attribute";
        AlterTypeDropAttribute, "ALTER TYPE DROP ATTRIBUTE", APPROVE, "data is lost";
        AlterTypeAlterAttribute, "ALTER TYPE ALTER ATTRIBUTE", APPROVE, "values on the way have the old type";
        AlterTypeRenameAttribute, "ALTER TYPE RENAME ATTRIBUTE", APPROVE, "columns of typed tables are renamed with it";
        AlterTypeRename, "ALTER TYPE RENAME TO", AUTO, "nothing but a name";
        AlterTypeSchema, "ALTER TYPE SET SCHEMA", AUTO, "nothing but a name";
        AlterTypeOwner, "ALTER TYPE OWNER TO", AUTO, "the role is expected on every node";
    }
    "DROP TYPE" {
        DropType, "DROP TYPE", APPROVE, "the peer may still use it";
    }
    "CREATE DOMAIN" {
        CreateDomain, "CREATE DOMAIN", AUTO, "nothing has it yet";
    }
    "ALTER DOMAIN" {
        AlterDomainDefault, "ALTER DOMAIN SET DEFAULT", AUTO, "for rows to come, which are replicated whole";
        AlterDomainDropDefault, "ALTER DOMAIN DROP DEFAULT", AUTO, "for rows to come, which are replicated whole";
        AlterDomainSetNotNull, "ALTER DOMAIN SET NOT NULL", CHECKING, "a peer may have a null that the origin has not";
        AlterDomainDropNotNull, "ALTER DOMAIN DROP NOT NULL", AUTO, "whatever fitted still fits";
        AlterDomainAddConstraint, "ALTER DOMAIN ADD CONSTRAINT", CHECKING, "a peer may have values that violate it";
        AlterDomainValidateConstraint, "ALTER DOMAIN VALIDATE CONSTRAINT", CHECKING, "a peer may have values that violate it";
        AlterDomainDropConstraint, "ALTER DOMAIN DROP CONSTRAINT", AUTO, "whatever fitted still fits";
        AlterDomainRenameConstraint, "ALTER DOMAIN RENAME CONSTRAINT", AUTO, "nothing but a name";
        AlterDomainRename, "ALTER DOMAIN RENAME TO", AUTO, "nothing but a name";
        AlterDomainSchema, "ALTER DOMAIN SET SCHEMA", AUTO, "nothing but a name";
        AlterDomainOwner, "ALTER DOMAIN OWNER TO", AUTO, "the role is expected on every node";
    }
    "DROP DOMAIN" {
        DropDomain, "DROP DOMAIN", APPROVE, "the peer may still use it";
    }
    "CREATE SCHEMA" {
        CreateSchema, "CREATE SCHEMA", AUTO, "a name for what is to come";
    }
    "ALTER SCHEMA" {
        AlterSchemaRename, "ALTER SCHEMA RENAME TO", APPROVE, "rows on the way are for the old name";
        AlterSchemaOwner, "ALTER SCHEMA OWNER TO", AUTO, "the role is expected on every node";
    }
    "DROP SCHEMA" {
        DropSchema, "DROP SCHEMA", APPROVE, "the peer may still have something in it";
    }
    "CREATE EXTENSION" {
        CreateExtension, "CREATE EXTENSION", APPROVE, "the peer's server may not have its files";
    }
    "ALTER EXTENSION" {
        AlterExtension, "ALTER EXTENSION", APPROVE, "the peer's server may have another version";
        AlterExtensionContents, "ALTER EXTENSION ADD", APPROVE, "the peer's extension may hold something else";
        AlterExtensionDrop, "ALTER EXTENSION DROP", APPROVE, "the peer's extension may hold something else";
    }
    "DROP EXTENSION" {
        DropExtension, "DROP EXTENSION", APPROVE, "the peer may still use it";
    }
    "CREATE STATISTICS" {
        CreateStatistics, "CREATE STATISTICS", AUTO, "a hint for the planner";
    }
    "ALTER STATISTICS" {
        AlterStatistics, "ALTER STATISTICS", AUTO, "a hint for the planner";
    }
    "DROP STATISTICS" {
        DropStatistics, "DROP STATISTICS", AUTO, "a hint for the planner";
    }
    "CREATE POLICY" {
        CreatePolicy, "CREATE POLICY", APPROVE, "decides who sees rows";
    }
    "ALTER POLICY" {
        AlterPolicy, "ALTER POLICY", APPROVE, "decides who sees rows";
    }
    "DROP POLICY" {
        DropPolicy, "DROP POLICY", APPROVE, "decides who sees rows";
    }
    "CREATE COLLATION" {
        CreateCollation, "CREATE COLLATION", APPROVE, "the peer's system may not have the locale";
    }
    "ALTER COLLATION" {
        AlterCollation, "ALTER COLLATION", APPROVE, "the peer's system may not have the locale";
        AlterCollationRefresh, "ALTER COLLATION REFRESH VERSION", silent(Unreplicated::Upkeep), "versions are those of each server's system";
    }
    "DROP COLLATION" {
        DropCollation, "DROP COLLATION", APPROVE, "the peer may still use it";
    }
    "CREATE TEXT SEARCH CONFIGURATION" {
        CreateTextSearchConfiguration, "CREATE TEXT SEARCH CONFIGURATION", APPROVE, "the peer's server may not have its dictionaries";
    }
    "ALTER TEXT SEARCH CONFIGURATION" {
        AlterTextSearchConfiguration, "ALTER TEXT SEARCH CONFIGURATION", APPROVE, "the peer's server may not have its dictionaries";
    }
    "DROP TEXT SEARCH CONFIGURATION" {
        DropTextSearchConfiguration, "DROP TEXT SEARCH CONFIGURATION", APPROVE, "the peer may still use it";
    }
    "CREATE TEXT SEARCH DICTIONARY" {
        CreateTextSearchDictionary, "CREATE TEXT SEARCH DICTIONARY", APPROVE, "the peer's server may not have its files";
    }
    "ALTER TEXT SEARCH DICTIONARY" {
        AlterTextSearchDictionary, "ALTER TEXT SEARCH DICTIONARY", APPROVE, "the peer's server may not have its files";
    }
    "DROP TEXT SEARCH DICTIONARY" {
        DropTextSearchDictionary, "DROP TEXT SEARCH DICTIONARY", APPROVE, "the peer may still use it";
    }
    "CREATE TEXT SEARCH PARSER" {
        CreateTextSearchParser, "CREATE TEXT SEARCH PARSER", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER TEXT SEARCH PARSER" {
        AlterTextSearchParser, "ALTER TEXT SEARCH PARSER", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP TEXT SEARCH PARSER" {
        DropTextSearchParser, "DROP TEXT SEARCH PARSER", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE TEXT SEARCH TEMPLATE" {
        CreateTextSearchTemplate, "CREATE TEXT SEARCH TEMPLATE", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER TEXT SEARCH TEMPLATE" {
        AlterTextSearchTemplate, "ALTER TEXT SEARCH TEMPLATE", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP TEXT SEARCH TEMPLATE" {
        DropTextSearchTemplate, "DROP TEXT SEARCH TEMPLATE", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE FUNCTION" {
        CreateFunction, "CREATE FUNCTION", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "ALTER FUNCTION" {
        AlterFunction, "ALTER FUNCTION", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "DROP FUNCTION" {
        DropFunction, "DROP FUNCTION", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "CREATE PROCEDURE" {
        CreateProcedure, "CREATE PROCEDURE", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "ALTER PROCEDURE" {
        AlterProcedure, "ALTER PROCEDURE", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "DROP PROCEDURE" {
        DropProcedure, "DROP PROCEDURE", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "ALTER ROUTINE" {
        AlterRoutine, "ALTER ROUTINE", EXCLUDE, "functions and procedures are excluded";
    }
    "DROP ROUTINE" {
        DropRoutine, "DROP ROUTINE", EXCLUDE, "functions and procedures are excluded";
    }
    "CREATE AGGREGATE" {
        CreateAggregate, "CREATE AGGREGATE", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER AGGREGATE" {
        AlterAggregate, "ALTER AGGREGATE", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP AGGREGATE" {
        DropAggregate, "DROP AGGREGATE", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE TRIGGER" {
        CreateTrigger, "CREATE TRIGGER", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "ALTER TRIGGER" {
        AlterTrigger, "ALTER TRIGGER", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "DROP TRIGGER" {
        DropTrigger, "DROP TRIGGER", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "CREATE RULE" {
        CreateRule, "CREATE RULE", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "ALTER RULE" {
        AlterRule, "ALTER RULE", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "DROP RULE" {
        DropRule, "DROP RULE", EXCLUDE, "what it does arrives as rows; each node may have its own";
    }
    "CREATE EVENT TRIGGER" {
        CreateEventTrigger, "CREATE EVENT TRIGGER", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER EVENT TRIGGER" {
        AlterEventTrigger, "ALTER EVENT TRIGGER", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP EVENT TRIGGER" {
        DropEventTrigger, "DROP EVENT TRIGGER", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE LANGUAGE" {
        CreateLanguage, "CREATE LANGUAGE", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER LANGUAGE" {
        AlterLanguage, "ALTER LANGUAGE", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP LANGUAGE" {
        DropLanguage, "DROP LANGUAGE", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE OPERATOR" {
        CreateOperator, "CREATE OPERATOR", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER OPERATOR" {
        AlterOperator, "ALTER OPERATOR", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP OPERATOR" {
        DropOperator, "DROP OPERATOR", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE OPERATOR CLASS" {
        CreateOperatorClass, "CREATE OPERATOR CLASS", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER OPERATOR CLASS" {
        AlterOperatorClass, "ALTER OPERATOR CLASS", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP OPERATOR CLASS" {
        DropOperatorClass, "DROP OPERATOR CLASS", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE OPERATOR FAMILY" {
        CreateOperatorFamily, "CREATE OPERATOR FAMILY", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER OPERATOR FAMILY" {
        AlterOperatorFamily, "ALTER OPERATOR FAMILY", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP OPERATOR FAMILY" {
        DropOperatorFamily, "DROP OPERATOR FAMILY", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE CONVERSION" {
        CreateConversion, "CREATE CONVERSION", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER CONVERSION" {
        AlterConversion, "ALTER CONVERSION", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP CONVERSION" {
        DropConversion, "DROP CONVERSION", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE CAST" {
        CreateCast, "CREATE CAST", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP CAST" {
        DropCast, "DROP CAST", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE TRANSFORM" {
        CreateTransform, "CREATE TRANSFORM", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP TRANSFORM" {
        DropTransform, "DROP TRANSFORM", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE ACCESS METHOD" {
        CreateAccessMethod, "CREATE ACCESS METHOD", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP ACCESS METHOD" {
        DropAccessMethod, "DROP ACCESS METHOD", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE FOREIGN DATA WRAPPER" {
        CreateForeignDataWrapper, "CREATE FOREIGN DATA WRAPPER", EXCLUDE, "stands on functions, which are excluded";
    }
    "ALTER FOREIGN DATA WRAPPER" {
        AlterForeignDataWrapper, "ALTER FOREIGN DATA WRAPPER", EXCLUDE, "stands on functions, which are excluded";
    }
    "DROP FOREIGN DATA WRAPPER" {
        DropForeignDataWrapper, "DROP FOREIGN DATA WRAPPER", EXCLUDE, "stands on functions, which are excluded";
    }
    "CREATE SERVER" {
        CreateServer, "CREATE SERVER", APPROVE, "the peer may not reach the foreign server";
    }
    "ALTER SERVER" {
        AlterServer, "ALTER SERVER", APPROVE, "the peer may not reach the foreign server";
    }
    "DROP SERVER" {
        DropServer, "DROP SERVER", APPROVE, "the peer may not reach the foreign server";
    }
    "CREATE USER MAPPING" {
        CreateUserMapping, "CREATE USER MAPPING", told(Unreplicated::Secret), "its options hold passwords";
    }
    "ALTER USER MAPPING" {
        AlterUserMapping, "ALTER USER MAPPING", told(Unreplicated::Secret), "its options hold passwords";
    }
    "DROP USER MAPPING" {
        DropUserMapping, "DROP USER MAPPING", told(Unreplicated::Secret), "its options hold passwords";
    }
    "IMPORT FOREIGN SCHEMA" {
        ImportForeignSchema, "IMPORT FOREIGN SCHEMA", told(Unreplicated::FoundHere), "the foreign server has another answer each time";
    }
    "COMMENT" {
        CommentOnTable, "COMMENT ON TABLE", AUTO, "nothing but a text";
        CommentOnColumn, "COMMENT ON COLUMN", AUTO, "nothing but a text";
        CommentOnConstraint, "COMMENT ON CONSTRAINT", AUTO, "nothing but a text";
        CommentOnIndex, "COMMENT ON INDEX", AUTO, "nothing but a text";
        CommentOnView, "COMMENT ON VIEW", AUTO, "nothing but a text";
        CommentOnSequence, "COMMENT ON SEQUENCE", AUTO, "nothing but a text";
        CommentOnSchema, "COMMENT ON SCHEMA", AUTO, "nothing but a text";
        CommentOnType, "COMMENT ON TYPE", AUTO, "nothing but a text";
        CommentOnDomain, "COMMENT ON DOMAIN", AUTO, "nothing but a text";
        CommentOnStatistics, "COMMENT ON STATISTICS", AUTO, "nothing but a text";
        CommentOnMaterializedView, "COMMENT ON MATERIALIZED VIEW", APPROVE, "the object itself waits for approval";
        CommentOnForeignTable, "COMMENT ON FOREIGN TABLE", APPROVE, "the object itself waits for approval";
        CommentOnPolicy, "COMMENT ON POLICY", APPROVE, "the object itself waits for approval";
        CommentOnExtension, "COMMENT ON EXTENSION", APPROVE, "the object itself waits for approval";
        CommentOnCollation, "COMMENT ON COLLATION", APPROVE, "the object itself waits for approval";
        CommentOnTextSearchConfiguration, "COMMENT ON TEXT SEARCH CONFIGURATION", APPROVE, "the object itself waits for approval";
        CommentOnTextSearchDictionary, "COMMENT ON TEXT SEARCH DICTIONARY", APPROVE, "the object itself waits for approval";
        CommentOnServer, "COMMENT ON SERVER", APPROVE, "the object itself waits for approval";
        CommentOnFunction, "COMMENT ON FUNCTION", EXCLUDE, "the object itself is excluded";
        CommentOnProcedure, "COMMENT ON PROCEDURE", EXCLUDE, "the object itself is excluded";
        CommentOnRoutine, "COMMENT ON ROUTINE", EXCLUDE, "the object itself is excluded";
        CommentOnAggregate, "COMMENT ON AGGREGATE", EXCLUDE, "the object itself is excluded";
        CommentOnTrigger, "COMMENT ON TRIGGER", EXCLUDE, "the object itself is excluded";
        CommentOnRule, "COMMENT ON RULE", EXCLUDE, "the object itself is excluded";
        CommentOnEventTrigger, "COMMENT ON EVENT TRIGGER", EXCLUDE, "the object itself is excluded";
        CommentOnLanguage, "COMMENT ON LANGUAGE", EXCLUDE, "the object itself is excluded";
        CommentOnOperator, "COMMENT ON OPERATOR", EXCLUDE, "the object itself is excluded";
        CommentOnOperatorClass, "COMMENT ON OPERATOR CLASS", EXCLUDE, "the object itself is excluded";
        CommentOnOperatorFamily, "COMMENT ON OPERATOR FAMILY", EXCLUDE, "the object itself is excluded";
        CommentOnConversion, "COMMENT ON CONVERSION", EXCLUDE, "the object itself is excluded";
        CommentOnCast, "COMMENT ON CAST", EXCLUDE, "the object itself is excluded";
        CommentOnTransform, "COMMENT ON TRANSFORM", EXCLUDE, "the object itself is excluded";
        CommentOnAccessMethod, "COMMENT ON ACCESS METHOD", EXCLUDE, "the object itself is excluded";
        CommentOnForeignDataWrapper, "COMMENT ON FOREIGN DATA WRAPPER", EXCLUDE, "the object itself is excluded";
        CommentOnTextSearchParser, "COMMENT ON TEXT SEARCH PARSER", EXCLUDE, "the object itself is excluded";
        CommentOnTextSearchTemplate, "COMMENT ON TEXT SEARCH TEMPLATE", EXCLUDE, "the object itself is excluded";
        CommentOnDatabase, "COMMENT ON DATABASE", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        CommentOnRole, "COMMENT ON ROLE", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        CommentOnTablespace, "COMMENT ON TABLESPACE", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        CommentOnPublication, "COMMENT ON PUBLICATION", told(Unreplicated::Replication), "the object itself is not replicated";
        CommentOnSubscription, "COMMENT ON SUBSCRIPTION", told(Unreplicated::Replication), "the object itself is not replicated";
        CommentOnLargeObject, "COMMENT ON LARGE OBJECT", told(Unreplicated::LargeObject), "the object itself is not replicated";
    }
    "SECURITY LABEL" {
        SecurityLabel, "SECURITY LABEL", EXCLUDE, "the peer's server may not have the provider";
    }
    "GRANT" {
        GrantOnTable, "GRANT ON TABLE", AUTO, "the roles are expected on every node";
        GrantOnSequence, "GRANT ON SEQUENCE", AUTO, "the roles are expected on every node";
        GrantOnSchema, "GRANT ON SCHEMA", AUTO, "the roles are expected on every node";
        GrantOnType, "GRANT ON TYPE", AUTO, "the roles are expected on every node";
        GrantOnDomain, "GRANT ON DOMAIN", AUTO, "the roles are expected on every node";
        GrantOnServer, "GRANT ON FOREIGN SERVER", APPROVE, "the object itself waits for approval";
        GrantOnFunction, "GRANT ON FUNCTION", EXCLUDE, "the object itself is excluded";
        GrantOnProcedure, "GRANT ON PROCEDURE", EXCLUDE, "the object itself is excluded";
        GrantOnRoutine, "GRANT ON ROUTINE", EXCLUDE, "the object itself is excluded";
        GrantOnLanguage, "GRANT ON LANGUAGE", EXCLUDE, "the object itself is excluded";
        GrantOnForeignDataWrapper, "GRANT ON FOREIGN DATA WRAPPER", EXCLUDE, "the object itself is excluded";
        GrantOnDatabase, "GRANT ON DATABASE", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        GrantOnTablespace, "GRANT ON TABLESPACE", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        GrantOnParameter, "GRANT ON PARAMETER", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        GrantOnLargeObject, "GRANT ON LARGE OBJECT", told(Unreplicated::LargeObject), "the object itself is not replicated";
    }
    "GRANT ROLE" {
        GrantRole, "GRANT ROLE", told(Unreplicated::InstanceWide), "roles are each server's own";
    }
    "REVOKE" {
        RevokeOnTable, "REVOKE ON TABLE", AUTO, "the roles are expected on every node";
        RevokeOnSequence, "REVOKE ON SEQUENCE", AUTO, "the roles are expected on every node";
        RevokeOnSchema, "REVOKE ON SCHEMA", AUTO, "the roles are expected on every node";
        RevokeOnType, "REVOKE ON TYPE", AUTO, "the roles are expected on every node";
        RevokeOnDomain, "REVOKE ON DOMAIN", AUTO, "the roles are expected on every node";
        RevokeOnServer, "REVOKE ON FOREIGN SERVER", APPROVE, "the object itself waits for approval";
        RevokeOnFunction, "REVOKE ON FUNCTION", EXCLUDE, "the object itself is excluded";
        RevokeOnProcedure, "REVOKE ON PROCEDURE", EXCLUDE, "the object itself is excluded";
        RevokeOnRoutine, "REVOKE ON ROUTINE", EXCLUDE, "the object itself is excluded";
        RevokeOnLanguage, "REVOKE ON LANGUAGE", EXCLUDE, "the object itself is excluded";
        RevokeOnForeignDataWrapper, "REVOKE ON FOREIGN DATA WRAPPER", EXCLUDE, "the object itself is excluded";
        RevokeOnDatabase, "REVOKE ON DATABASE", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        RevokeOnTablespace, "REVOKE ON TABLESPACE", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        RevokeOnParameter, "REVOKE ON PARAMETER", told(Unreplicated::InstanceWide), "the object itself is not replicated";
        RevokeOnLargeObject, "REVOKE ON LARGE OBJECT", told(Unreplicated::LargeObject), "the object itself is not replicated";
    }
    "REVOKE ROLE" {
        RevokeRole, "REVOKE ROLE", told(Unreplicated::InstanceWide), "roles are each server's own";
    }
    "ALTER DEFAULT PRIVILEGES" {
        AlterDefaultPrivileges, "ALTER DEFAULT PRIVILEGES", AUTO, "the roles are expected on every node";
    }
    "DROP OWNED" {
        DropOwned, "DROP OWNED", told(Unreplicated::FoundHere), "a role may own something else on each node";
    }
    "REASSIGN OWNED" {
        ReassignOwned, "REASSIGN OWNED", told(Unreplicated::FoundHere), "a role may own something else on each node";
    }
    "CREATE ROLE" {
        CreateRole, "CREATE ROLE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "ALTER ROLE" {
        AlterRole, "ALTER ROLE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "DROP ROLE" {
        DropRole, "DROP ROLE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "CREATE DATABASE" {
        CreateDatabase, "CREATE DATABASE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "ALTER DATABASE" {
        AlterDatabase, "ALTER DATABASE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "DROP DATABASE" {
        DropDatabase, "DROP DATABASE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "CREATE TABLESPACE" {
        CreateTablespace, "CREATE TABLESPACE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "ALTER TABLESPACE" {
        AlterTablespace, "ALTER TABLESPACE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "DROP TABLESPACE" {
        DropTablespace, "DROP TABLESPACE", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "ALTER SYSTEM" {
        AlterSystem, "ALTER SYSTEM", told(Unreplicated::InstanceWide), "belongs to a server";
    }
    "CREATE PUBLICATION" {
        CreatePublication, "CREATE PUBLICATION", told(Unreplicated::Replication), "what replicates is each node's own";
    }
    "ALTER PUBLICATION" {
        AlterPublication, "ALTER PUBLICATION", told(Unreplicated::Replication), "what replicates is each node's own";
    }
    "DROP PUBLICATION" {
        DropPublication, "DROP PUBLICATION", told(Unreplicated::Replication), "what replicates is each node's own";
    }
    "CREATE SUBSCRIPTION" {
        CreateSubscription, "CREATE SUBSCRIPTION", told(Unreplicated::Replication), "what replicates is each node's own";
    }
    "ALTER SUBSCRIPTION" {
        AlterSubscription, "ALTER SUBSCRIPTION", told(Unreplicated::Replication), "what replicates is each node's own";
    }
    "DROP SUBSCRIPTION" {
        DropSubscription, "DROP SUBSCRIPTION", told(Unreplicated::Replication), "what replicates is each node's own";
    }
    "ALTER LARGE OBJECT" {
        AlterLargeObject, "ALTER LARGE OBJECT", told(Unreplicated::LargeObject), "large objects are not replicated";
    }
    "SELECT" {
        Select, "SELECT", silent(Unreplicated::Rows), "reads rows, changes none";
    }
    "INSERT" {
        Insert, "INSERT", silent(Unreplicated::Rows), "changes rows";
    }
    "UPDATE" {
        Update, "UPDATE", silent(Unreplicated::Rows), "changes rows";
    }
    "DELETE" {
        Delete, "DELETE", silent(Unreplicated::Rows), "changes rows";
    }
    "MERGE" {
        Merge, "MERGE", silent(Unreplicated::Rows), "changes rows";
    }
    "COPY" {
        Copy, "COPY", silent(Unreplicated::Rows), "reads or writes rows";
    }
    "DO" {
        Do, "DO", silent(Unreplicated::Contents), "a block of statements";
    }
    "CALL" {
        Call, "CALL", silent(Unreplicated::Contents), "a procedure, made of statements";
    }
    "EXECUTE" {
        Execute, "EXECUTE", silent(Unreplicated::Contents), "a prepared statement";
    }
    "EXPLAIN" {
        Explain, "EXPLAIN", silent(Unreplicated::Contents), "runs a statement, or shows how it would";
    }
    "PREPARE" {
        Prepare, "PREPARE", silent(Unreplicated::Session), "ends with the session";
    }
    "DEALLOCATE" {
        Deallocate, "DEALLOCATE", silent(Unreplicated::Session), "ends with the session";
    }
    "DECLARE CURSOR" {
        Declare, "DECLARE CURSOR", silent(Unreplicated::Session), "ends with the session";
    }
    "FETCH" {
        Fetch, "FETCH", silent(Unreplicated::Session), "ends with the session";
    }
    "CLOSE CURSOR" {
        Close, "CLOSE CURSOR", silent(Unreplicated::Session), "ends with the session";
    }
    "BEGIN" {
        Transaction, "BEGIN", silent(Unreplicated::Session), "transactions, savepoints and their ends";
    }
    "SET" {
        Set, "SET", silent(Unreplicated::Session), "ends with the session";
    }
    "SET CONSTRAINTS" {
        SetConstraints, "SET CONSTRAINTS", silent(Unreplicated::Session), "ends with the transaction";
    }
    "SHOW" {
        Show, "SHOW", silent(Unreplicated::Session), "shows a setting";
    }
    "DISCARD" {
        Discard, "DISCARD", silent(Unreplicated::Session), "ends with the session";
    }
    "LISTEN" {
        Listen, "LISTEN", silent(Unreplicated::Session), "ends with the session";
    }
    "UNLISTEN" {
        Unlisten, "UNLISTEN", silent(Unreplicated::Session), "ends with the session";
    }
    "NOTIFY" {
        Notify, "NOTIFY", silent(Unreplicated::Session), "reaches the sessions of this server";
    }
    "LOAD" {
        Load, "LOAD", silent(Unreplicated::Session), "ends with the session";
    }
    "LOCK TABLE" {
        Lock, "LOCK TABLE", silent(Unreplicated::Session), "ends with the transaction";
    }
    "VACUUM" {
        Vacuum, "VACUUM", silent(Unreplicated::Upkeep), "each node does it by itself";
    }
    "ANALYZE" {
        Analyze, "ANALYZE", silent(Unreplicated::Upkeep), "each node does it by itself";
    }
    "CLUSTER" {
        Cluster, "CLUSTER", silent(Unreplicated::Upkeep), "each node does it by itself";
    }
    "REINDEX" {
        Reindex, "REINDEX", silent(Unreplicated::Upkeep), "each node does it by itself";
    }
    "CHECKPOINT" {
        Checkpoint, "CHECKPOINT", silent(Unreplicated::Upkeep), "each server does it by itself";
    }
}
