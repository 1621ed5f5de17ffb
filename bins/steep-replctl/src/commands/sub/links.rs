use super::status::{apply_state, lag};
use crate::commands::slot::retained;
use crate::printer::{Cell, Table, Tone};
use steep_ipc::{PeerStatus, SlotStatus};

/// Both directions of the link to each peer.
pub(in crate::commands) fn links(peers: &[PeerStatus]) -> Table {
    let mut table =
        Table::new(["PEER", "INCOMING", "LAG", "OUTGOING", "KEPT WAL", "CLOCK", "DAEMON"]);
    for peer in peers {
        let outgoing = peer.outgoing.as_ref();
        table.row([
            Cell::new(&peer.node),
            peer.incoming.as_ref().map_or_else(none, apply_state),
            peer.incoming.as_ref().map_or_else(none, lag),
            outgoing.map_or_else(none, sending),
            outgoing.map_or_else(none, retained),
            peer.clock_offset_ms.map_or_else(none, |offset| Cell::number(format!("{offset:+} ms"))),
            if peer.daemon_reachable {
                Cell::new("reachable").tone(Tone::Good)
            } else {
                Cell::new("unreachable").tone(Tone::Bad)
            },
        ]);
    }
    table
}

fn none() -> Cell {
    Cell::maybe(None::<&str>)
}

fn sending(slot: &SlotStatus) -> Cell {
    if slot.active {
        Cell::new("sending").tone(Tone::Good)
    } else {
        Cell::new("waiting for peer").tone(Tone::Look)
    }
}
