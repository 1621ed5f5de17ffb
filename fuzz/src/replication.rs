// The extension itself cannot be linked without a server; this part of it needs none.
#[path = "../../ext/steep_repl/src/tap/message.rs"]
#[allow(dead_code, reason = "the extension uses the rest")]
mod message;

use message::{Message, Relation, RowChange};

/// The parser of the replication stream: whatever another server sends, it returns.
pub fn replication(data: &[u8]) {
    match Message::parse(data) {
        Some(Message::Relation(body)) => {
            let _relation = Relation::parse(body);
        }
        Some(Message::Row { body, .. }) => {
            let _change = RowChange::parse(body);
        }
        _ => {}
    }
}
