//! Whether an expression is immutable, as far as its text tells.

use pg_query::NodeEnum;
use pg_query::protobuf::{AConst, FuncCall, Node, a_const::Val};
use steep_ddl::is_moving_literal;

/// Immutable for every argument type that they have (pg_proc.dat of 16 to 18). Not `concat`,
/// `to_char` and the like, which depend on settings.
const IMMUTABLE: [&str; 39] = [
    "abs",
    "array_append",
    "array_cat",
    "array_length",
    "array_prepend",
    "array_remove",
    "ascii",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "chr",
    "decode",
    "encode",
    "floor",
    "initcap",
    "left",
    "length",
    "lower",
    "lpad",
    "ltrim",
    "make_date",
    "md5",
    "mod",
    "nullif",
    "octet_length",
    "overlay",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "rpad",
    "rtrim",
    "split_part",
    "strpos",
    "upper",
    "width_bucket",
];

/// Whether the expression gives the same value for the same row everywhere. What is not known is
/// not.
pub(crate) fn is_immutable(node: &Node) -> bool {
    let Some(node) = node.node.as_ref() else { return true };
    match node {
        NodeEnum::AConst(constant) => is_fixed(constant),
        NodeEnum::ColumnRef(_) => true,
        NodeEnum::TypeCast(cast) => all(&cast.arg),
        NodeEnum::CollateClause(clause) => all(&clause.arg),
        NodeEnum::AExpr(expression) => all(&expression.lexpr) && all(&expression.rexpr),
        NodeEnum::BoolExpr(expression) => each(&expression.args),
        NodeEnum::NullTest(test) => all(&test.arg),
        NodeEnum::BooleanTest(test) => all(&test.arg),
        NodeEnum::CoalesceExpr(expression) => each(&expression.args),
        NodeEnum::MinMaxExpr(expression) => each(&expression.args),
        NodeEnum::CaseExpr(case) => all(&case.arg) && each(&case.args) && all(&case.defresult),
        NodeEnum::CaseWhen(when) => all(&when.expr) && all(&when.result),
        NodeEnum::AArrayExpr(array) => each(&array.elements),
        NodeEnum::RowExpr(row) => each(&row.args),
        NodeEnum::List(list) => each(&list.items),
        NodeEnum::FuncCall(call) => is_known(call) && each(&call.args),
        _ => false,
    }
}

fn all(node: &Option<Box<Node>>) -> bool {
    node.as_deref().is_none_or(is_immutable)
}

fn each(nodes: &[Node]) -> bool {
    nodes.iter().all(is_immutable)
}

fn is_fixed(constant: &AConst) -> bool {
    !matches!(&constant.val, Some(Val::Sval(text)) if is_moving_literal(&text.sval))
}

fn is_known(call: &FuncCall) -> bool {
    let parts = call.funcname.iter().map(|part| match part.node.as_ref() {
        Some(NodeEnum::String(part)) => part.sval.as_str(),
        _ => "",
    });
    match parts.collect::<Vec<_>>().as_slice() {
        [name] | ["pg_catalog", name] => IMMUTABLE.contains(name),
        _ => false,
    }
}
