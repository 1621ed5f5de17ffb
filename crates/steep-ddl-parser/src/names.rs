//! Names, in the forms that parse trees have them in.

use pg_query::NodeEnum;
use pg_query::protobuf::{Node, RangeVar};
use steep_ddl::ObjectName;

type Name = ObjectName<'static>;

/// Of a relation.
pub(crate) fn relation(relation: Option<&RangeVar>) -> Option<Name> {
    let relation = relation?;
    Some(match relation.schemaname.as_str() {
        "" => Name::unqualified(relation.relname.clone()),
        schema => Name::qualified(schema.to_owned(), relation.relname.clone()),
    })
}

/// Of something that is in no schema, unless there is none.
pub(crate) fn plain(name: &str) -> Option<Name> {
    (!name.is_empty()).then(|| Name::unqualified(name.to_owned()))
}

/// Of the parts of a name. A database before the schema is the own one, or it would be an error.
pub(crate) fn parts(parts: &[Node]) -> Option<Name> {
    let parts: Vec<_> = parts.iter().filter_map(string).collect();
    match parts.as_slice() {
        [] => None,
        [name] => plain(name),
        [.., schema, name] => Some(Name::qualified((*schema).to_owned(), (*name).to_owned())),
    }
}

/// Of whatever object a node names.
pub(crate) fn object(node: &Node) -> Option<Name> {
    match node.node.as_ref()? {
        NodeEnum::RangeVar(named) => relation(Some(named)),
        NodeEnum::String(named) => plain(&named.sval),
        NodeEnum::List(list) => parts(&list.items),
        NodeEnum::TypeName(named) => parts(&named.names),
        NodeEnum::ObjectWithArgs(named) => parts(&named.objname),
        _ => None,
    }
}

/// Of the table that a list names before something of it: a column, constraint, trigger, policy.
pub(crate) fn owner(node: &Node) -> Option<Name> {
    match node.node.as_ref()? {
        NodeEnum::List(list) => match list.items.as_slice() {
            // The constraint of a domain: a type, and a name.
            [first, _] if !matches!(first.node, Some(NodeEnum::String(_))) => object(first),
            [table @ .., _] => parts(table),
            [] => None,
        },
        _ => object(node),
    }
}

/// Of an operator class or family: after the access method.
pub(crate) fn after_method(node: &Node) -> Option<Name> {
    match node.node.as_ref()? {
        NodeEnum::List(list) => parts(list.items.get(1..).unwrap_or_default()),
        _ => object(node),
    }
}

fn string(node: &Node) -> Option<&str> {
    match node.node.as_ref()? {
        NodeEnum::String(part) => Some(&part.sval),
        _ => None,
    }
}
