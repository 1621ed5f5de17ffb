//! Frames: whatever the pieces, whatever the bytes.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod seeded;

use proptest::collection::vec;
use proptest::prelude::*;
use steep_ipc::{
    DECODER_SLACK, Decoder, EncodeError, FailureClass, FrameError, HEADER, MAX_REQUEST, encode,
};

/// Bytes that are often almost a frame.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let frame = vec(any::<u8>(), 0..300).prop_map(|body| {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [b"SREP\0\x01\0\0", &length[..], &body].concat()
    });
    let damaged = (vec(frame, 0..4), any::<prop::sample::Index>(), any::<u8>(), any::<bool>())
        .prop_map(|(frames, at, byte, damage)| {
            let mut bytes = frames.concat();
            if damage && !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = byte;
            }
            bytes
        });
    prop_oneof![4 => damaged, 1 => vec(any::<u8>(), 0..600)]
}

/// What comes of the pieces: bodies, then perhaps an error.
fn decoded(pieces: &[&[u8]], limit: usize) -> (Vec<Vec<u8>>, Option<FrameError>) {
    let mut decoder = Decoder::new(limit);
    let mut bodies = Vec::new();
    for mut piece in pieces.iter().copied() {
        loop {
            match decoder.decode(&mut piece) {
                Ok(Some(body)) => bodies.push(body),
                Ok(None) => break,
                Err(error) => return (bodies, Some(error)),
            }
        }
        assert!(piece.is_empty(), "all is taken when no frame is whole");
    }
    (bodies, None)
}

/// The same bytes, cut in pieces.
fn cut<'a>(bytes: &'a [u8], cuts: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    at.extend([0, bytes.len()]);
    at.sort_unstable();
    at.windows(2).map(|ends| &bytes[ends[0]..ends[1]]).collect()
}

proptest! {
    #![proptest_config(seeded::config(2000))]

    #[test]
    fn any_split_of_any_bytes_decodes_the_same(
        bytes in bytes(),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
        limit in 0_usize..400,
    ) {
        let whole = decoded(&[&bytes], limit);
        prop_assert_eq!(&decoded(&cut(&bytes, &cuts), limit), &whole);
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(&decoded(&single, limit), &whole);
    }

    #[test]
    fn what_is_encoded_is_decoded(texts in vec("\\PC{0,200}", 0..5)) {
        let frames: Vec<u8> = texts.iter().flat_map(|text| encode(text, 4096).unwrap()).collect();
        let (bodies, error) = decoded(&[&frames], 4096);
        prop_assert_eq!(error, None);
        let read: Vec<String> =
            bodies.iter().map(|body| serde_json::from_slice(body).unwrap()).collect();
        prop_assert_eq!(read, texts);
    }

    #[test]
    fn memory_follows_what_was_received(
        length in 1..=u32::try_from(MAX_REQUEST).unwrap(),
        pieces in vec(1..200_000_usize, 1..20),
    ) {
        let mut decoder = Decoder::new(MAX_REQUEST);
        let header = [b"SREP\0\x01\0\0", &length.to_be_bytes()[..]].concat();
        prop_assert_eq!(decoder.decode(&mut &header[..]), Ok(None));
        prop_assert_eq!(decoder.held(), 0);
        let (mut received, length) = (0, usize::try_from(length).unwrap());
        for piece in pieces {
            received += piece;
            if received >= length {
                break;
            }
            prop_assert_eq!(decoder.decode(&mut &vec![b' '; piece][..]), Ok(None));
            prop_assert!(decoder.held() <= received + DECODER_SLACK.min(received));
            prop_assert!(decoder.held() <= length);
        }
    }
}

#[test]
fn every_kind_of_wrong_header_is_told_apart() {
    let error = |bytes: &[u8]| decoded(&[bytes], 16).1.unwrap();
    assert_eq!(error(b"SRExP"), FrameError::Magic { at: 3, found: b'x' });
    assert_eq!(error(b"SREP\x01\0\0\0"), FrameError::Version { found: 256 });
    assert_eq!(error(b"SREP\0\x01\0\x80"), FrameError::Reserved { found: 128 });
    let long = b"SREP\0\x01\0\0\0\0\0\x11";
    assert_eq!(error(long), FrameError::TooLong { length: 17, limit: 16 });
    assert_eq!(error(long).class(), FailureClass::Misuse);
    assert_eq!(FrameError::Version { found: 2 }.class(), FailureClass::Operator);
}

#[test]
fn an_error_is_final() {
    let mut decoder = Decoder::new(16);
    let error = decoder.decode(&mut &b"x"[..]).unwrap_err();
    assert_eq!(decoder.decode(&mut &b"SREP\0\x01\0\0\0\0\0\0"[..]), Err(error));
    assert!(!decoder.is_between_frames());
}

#[test]
fn a_limit_holds_for_the_frames_after_it_was_set() {
    let frame = encode("four", 16).unwrap();
    let mut decoder = Decoder::new(6);
    let mut input = &[&frame[..], &frame].concat()[..];
    assert_eq!(decoder.decode(&mut input), Ok(Some(b"\"four\"".to_vec())));
    assert!(decoder.is_between_frames());
    decoder.set_limit(5);
    assert_eq!(decoder.decode(&mut input), Err(FrameError::TooLong { length: 6, limit: 5 }));
}

#[test]
fn a_message_above_the_limit_is_not_encoded() {
    assert_eq!(encode("four", 6).unwrap().len(), HEADER + 6);
    let error = encode("four", 5).unwrap_err();
    assert!(matches!(error, EncodeError::TooLong { length: 6, limit: 5 }));
    assert_eq!(error.class(), FailureClass::Misuse);
}
