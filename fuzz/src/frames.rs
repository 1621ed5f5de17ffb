use steep_ipc::{DECODER_SLACK, Decoder, FrameError};

/// Small, so that the fuzzer finds its way to it.
const LIMIT: usize = 4096;

/// The frame decoder: the pieces in which bytes come make no difference, and it holds no more memory
/// than it was given and a bounded rest.
///
/// # Panics
/// When that is not so.
pub fn frames(data: &[u8]) {
    let Some((&first, bytes)) = data.split_first() else { return };
    let piece = usize::from(first).max(1);
    assert_eq!(decoded(bytes.chunks(piece)), decoded([bytes].into_iter()));
}

fn decoded<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut decoder = Decoder::new(LIMIT);
    let (mut bodies, mut received) = (Vec::new(), 0);
    for mut piece in pieces {
        received += piece.len();
        loop {
            let decoded = decoder.decode(&mut piece);
            assert!(decoder.held() <= received + DECODER_SLACK && decoder.held() <= LIMIT);
            match decoded {
                Ok(Some(body)) => bodies.push(body),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(decoder.decode(&mut &b"SREP"[..]), Err(error), "it is final");
                    return (bodies, Some(error));
                }
            }
        }
        assert!(piece.is_empty());
    }
    (bodies, None)
}
