//! What is no part of a database, and what changes none.

use crate::statement::{option, tables};
use pg_query::NodeEnum;
use pg_query::protobuf::{DefElem, ExplainStmt, a_const};
use steep_ddl::{Kind, Statement};

/// What belongs to a server, or to replication.
pub(crate) fn instance_wide(node: &NodeEnum) -> Option<Statement<'static>> {
    Some(Statement::new(match node {
        NodeEnum::CreateRoleStmt(_) => Kind::CreateRole,
        NodeEnum::AlterRoleStmt(_) | NodeEnum::AlterRoleSetStmt(_) => Kind::AlterRole,
        NodeEnum::DropRoleStmt(_) => Kind::DropRole,
        NodeEnum::GrantRoleStmt(grant) if grant.is_grant => Kind::GrantRole,
        NodeEnum::GrantRoleStmt(_) => Kind::RevokeRole,
        NodeEnum::DropOwnedStmt(_) => Kind::DropOwned,
        NodeEnum::ReassignOwnedStmt(_) => Kind::ReassignOwned,
        NodeEnum::CreatedbStmt(_) => Kind::CreateDatabase,
        NodeEnum::AlterDatabaseStmt(_)
        | NodeEnum::AlterDatabaseSetStmt(_)
        | NodeEnum::AlterDatabaseRefreshCollStmt(_) => Kind::AlterDatabase,
        NodeEnum::DropdbStmt(_) => Kind::DropDatabase,
        NodeEnum::CreateTableSpaceStmt(_) => Kind::CreateTablespace,
        NodeEnum::AlterTableSpaceOptionsStmt(_) => Kind::AlterTablespace,
        NodeEnum::DropTableSpaceStmt(_) => Kind::DropTablespace,
        NodeEnum::AlterSystemStmt(_) => Kind::AlterSystem,
        NodeEnum::CreatePublicationStmt(_) => Kind::CreatePublication,
        NodeEnum::AlterPublicationStmt(_) => Kind::AlterPublication,
        NodeEnum::CreateSubscriptionStmt(_) => Kind::CreateSubscription,
        NodeEnum::AlterSubscriptionStmt(_) => Kind::AlterSubscription,
        NodeEnum::DropSubscriptionStmt(_) => Kind::DropSubscription,
        _ => return None,
    }))
}

/// What concerns rows, this session, or the upkeep of this server.
pub(crate) fn local(node: &NodeEnum) -> Option<Statement<'static>> {
    Some(Statement::new(match node {
        NodeEnum::InsertStmt(_) => Kind::Insert,
        NodeEnum::UpdateStmt(_) => Kind::Update,
        NodeEnum::DeleteStmt(_) => Kind::Delete,
        NodeEnum::MergeStmt(_) => Kind::Merge,
        NodeEnum::CopyStmt(_) => Kind::Copy,
        NodeEnum::DoStmt(_) => Kind::Do,
        NodeEnum::CallStmt(_) => Kind::Call,
        NodeEnum::ExecuteStmt(_) => Kind::Execute,
        NodeEnum::ExplainStmt(explain) => return Some(explained(explain)),
        NodeEnum::PrepareStmt(_) => Kind::Prepare,
        NodeEnum::DeallocateStmt(_) => Kind::Deallocate,
        NodeEnum::DeclareCursorStmt(_) => Kind::Declare,
        NodeEnum::FetchStmt(_) => Kind::Fetch,
        NodeEnum::ClosePortalStmt(_) => Kind::Close,
        NodeEnum::TransactionStmt(_) => Kind::Transaction,
        NodeEnum::VariableSetStmt(_) => Kind::Set,
        NodeEnum::ConstraintsSetStmt(_) => Kind::SetConstraints,
        NodeEnum::VariableShowStmt(_) => Kind::Show,
        NodeEnum::DiscardStmt(_) => Kind::Discard,
        NodeEnum::ListenStmt(_) => Kind::Listen,
        NodeEnum::UnlistenStmt(_) => Kind::Unlisten,
        NodeEnum::NotifyStmt(_) => Kind::Notify,
        NodeEnum::LoadStmt(_) => Kind::Load,
        NodeEnum::LockStmt(_) => Kind::Lock,
        NodeEnum::VacuumStmt(vacuum) if vacuum.is_vacuumcmd => Kind::Vacuum,
        NodeEnum::VacuumStmt(_) => Kind::Analyze,
        NodeEnum::ClusterStmt(_) => Kind::Cluster,
        NodeEnum::ReindexStmt(_) => Kind::Reindex,
        NodeEnum::RefreshMatViewStmt(_) => Kind::RefreshMaterializedView,
        NodeEnum::CheckPointStmt(_) => Kind::Checkpoint,
        _ => return None,
    }))
}

/// `EXPLAIN ANALYZE CREATE TABLE AS` makes the table; no other statement that changes a schema can
/// be explained.
fn explained(explain: &ExplainStmt) -> Statement<'static> {
    let statement = Statement::new(Kind::Explain);
    let is_run = explain.options.iter().filter_map(option).any(is_analyze);
    let query = explain.query.as_deref().and_then(|node| node.node.as_ref());
    let made = query.filter(|_| is_run).and_then(tables).filter(|made| made.kind() != Kind::Select);
    match made {
        Some(made) => {
            made.names().iter().cloned().fold(statement.containing(&made), Statement::about)
        }
        None => statement,
    }
}

/// As `defGetBoolean` (define.c) reads it: a name alone is true.
fn is_analyze(option: &DefElem) -> bool {
    if option.defname != "analyze" {
        return false;
    }
    match option.arg.as_deref().and_then(|node| node.node.as_ref()) {
        Some(NodeEnum::String(text)) => !["false", "off"].contains(&text.sval.as_str()),
        Some(NodeEnum::Boolean(value)) => value.boolval,
        Some(NodeEnum::Integer(value)) => value.ival != 0,
        Some(NodeEnum::AConst(constant)) => match &constant.val {
            Some(a_const::Val::Ival(value)) => value.ival != 0,
            _ => true,
        },
        _ => true,
    }
}
