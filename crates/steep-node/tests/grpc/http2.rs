//! Frames of HTTP/2 (RFC 9113), as far as a test needs to send wrong ones.

use tokio::io::{AsyncRead, AsyncReadExt as _};

use crate::soon;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const GO_AWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// What a client begins with.
pub(crate) fn preface() -> Vec<u8> {
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend(frame(SETTINGS, 0, 0, &[]));
    bytes
}

/// The beginning of a call, on stream 1.
pub(crate) fn call(method: &str) -> Vec<u8> {
    let path = format!("/steep.replication.v1.SteepReplication/{method}");
    // RFC 7541: `:method: POST` and `:scheme: http` are in the table, the others are literals.
    let mut block = vec![0x83, 0x86];
    literal(&mut block, ":path", &path);
    literal(&mut block, ":authority", "hq");
    literal(&mut block, "content-type", "application/grpc");
    literal(&mut block, "te", "trailers");
    frame(HEADERS, END_HEADERS, 1, &block)
}

/// The last data of a call, on stream 1.
pub(crate) fn last_data(bytes: &[u8]) -> Vec<u8> {
    frame(DATA, END_STREAM, 1, bytes)
}

/// A gRPC message that says how long it is, whether true or not.
pub(crate) fn message(said_length: u32, bytes: &[u8]) -> Vec<u8> {
    let mut message = vec![0];
    message.extend(said_length.to_be_bytes());
    message.extend(bytes);
    message
}

/// Reads until the server ends stream 1 or everything.
pub(crate) async fn end(stream: &mut (impl AsyncRead + Unpin)) {
    let reading = async {
        loop {
            let mut header = [0; 9];
            if stream.read_exact(&mut header).await.is_err() {
                return;
            }
            let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
            let mut body = vec![0; usize::try_from(length).unwrap()];
            if stream.read_exact(&mut body).await.is_err() {
                return;
            }
            let is_end = header[4] & END_STREAM != 0 && matches!(header[3], DATA | HEADERS);
            if header[5..] == [0, 0, 0, 1] && (is_end || header[3] == RESET) {
                return;
            }
            if header[3] == GO_AWAY {
                return;
            }
        }
    };
    soon("the end of the stream", reading).await;
}

fn literal(block: &mut Vec<u8>, name: &str, value: &str) {
    block.push(0);
    for text in [name, value] {
        block.push(u8::try_from(text.len()).unwrap());
        block.extend(text.as_bytes());
    }
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let mut frame = length[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(body);
    frame
}
