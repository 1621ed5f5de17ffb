//! Bodies: every message is itself after the way, and nothing else is taken for one.
#![allow(clippy::unwrap_used, reason = "a test may stop where its own set-up is wrong")]

mod any;
mod seeded;

use proptest::collection::vec;
use proptest::prelude::*;
use steep_ipc::{
    BodyError, Exit, Failure, FailureClass, Greeting, MAX_CITED, MAX_REPLY, MAX_REQUEST, PROTOCOL,
    Reply, Request, Welcome, encode, read_answer,
};

fn body(message: &impl serde::Serialize, limit: usize) -> Vec<u8> {
    encode(message, limit).unwrap().split_off(steep_ipc::HEADER)
}

proptest! {
    #![proptest_config(seeded::config(1000))]

    #[test]
    fn every_request_is_itself_after_the_way(request in any::request()) {
        prop_assert_eq!(Request::from_json(&body(&request, MAX_REQUEST)), Ok(request));
    }

    #[test]
    fn every_reply_is_itself_after_the_way(reply in any::reply()) {
        prop_assert_eq!(Reply::from_json(&body(&reply, MAX_REPLY)), Ok(reply));
    }

    #[test]
    fn a_request_with_a_field_too_many_is_refused(request in any::request()) {
        let mut json = serde_json::to_value(&request).unwrap();
        json.as_object_mut().unwrap().insert("surprise".into(), true.into());
        let refused = Request::from_json(json.to_string().as_bytes());
        prop_assert!(matches!(refused, Err(BodyError::Shape { .. })), "{:?}", refused);
    }

    #[test]
    fn a_reply_with_a_field_too_many_is_understood(reply in any::reply()) {
        let mut json = serde_json::to_value(&reply).unwrap();
        json.as_object_mut().unwrap().insert("later".into(), true.into());
        prop_assert_eq!(Reply::from_json(json.to_string().as_bytes()), Ok(reply));
    }

    #[test]
    fn garbage_gives_errors_that_are_short(bytes in vec(any::<u8>(), 0..2000)) {
        let errors = [
            Request::from_json(&bytes).map(drop).unwrap_err(),
            Reply::from_json(&bytes).map(drop).unwrap_err(),
            Greeting::from_json(&bytes).map(drop).unwrap_err(),
            read_answer(&bytes).map(drop).unwrap_err(),
        ];
        for error in errors {
            prop_assert_eq!(error.class(), FailureClass::Misuse);
            prop_assert!(error.to_string().chars().count() < MAX_CITED + 100);
        }
    }

    #[test]
    fn damaged_requests_give_requests_or_errors(
        request in any::request(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = body(&request, MAX_REQUEST);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Err(error) = Request::from_json(&bytes) {
            prop_assert!(error.to_string().chars().count() < MAX_CITED + 100);
        }
    }
}

#[test]
fn the_words_on_the_wire_are_these() {
    let on_wire = |message: &dyn Fn() -> Vec<u8>| String::from_utf8(message()).unwrap();
    assert_eq!(
        on_wire(&|| body(&Greeting::new("steep-replctl 0.1.0"), 99)),
        r#"{"protocol":1,"client":"steep-replctl 0.1.0"}"#
    );
    assert_eq!(
        on_wire(&|| body(&Welcome::new("0.1.0", Some("hq".into())), 99)),
        r#"{"protocol":1,"daemon":"0.1.0","node":"hq"}"#
    );
    assert_eq!(on_wire(&|| body(&Request::Status, 99)), r#"{"request":"status"}"#);
    let failed = Reply::Failed(Failure::operator("no").with_hint("so"));
    assert_eq!(
        on_wire(&|| body(&failed, 99)),
        r#"{"reply":"failed","body":{"class":"operator","message":"no","hint":"so"}}"#
    );
}

#[test]
fn only_one_protocol_version_is_agreed_to() {
    let greeting = |protocol| Greeting { protocol, client: "test".into() };
    assert_eq!(greeting(PROTOCOL).negotiate(), Ok(()));
    for other in [0, PROTOCOL + 1, u32::MAX] {
        let refusal = greeting(other).negotiate().unwrap_err();
        assert!(refusal.message.contains(&format!("version {other} ")), "{refusal}");
        assert_eq!(Exit::from(refusal.class), Exit::Refused);
    }
}

#[test]
fn an_answer_to_a_greeting_is_a_welcome_or_a_refusal() {
    let welcome = Welcome::new("0.1.0", None);
    assert_eq!(read_answer(&body(&welcome, 99)), Ok(Ok(welcome)));
    // One of a later version, with more in it.
    let refusal =
        br#"{"reply":"failed","body":{"class":"operator","message":"no","more":1},"x":2}"#;
    assert_eq!(read_answer(refusal), Ok(Err(Failure::operator("no"))));
    let progress = br#"{"reply":"done","body":{"response":"message","value":{"message":""}}}"#;
    assert!(matches!(read_answer(progress), Err(BodyError::Shape { .. })));
}

#[test]
fn every_class_has_its_exit_code() {
    use FailureClass::{Bug, Misuse, Operator, Peer, Transient};
    let codes = [Misuse, Transient, Peer, Operator, Bug].map(|class| Exit::from(class).code());
    assert_eq!(codes, [2, 3, 3, 4, 70]);
    assert_eq!([Exit::Done, Exit::No].map(Exit::code), [0, 1]);
}

#[test]
fn a_failure_shows_its_message_and_keeps_its_hint_apart() {
    let failure = Failure::peer("node paris cannot be reached").with_hint("start its daemon");
    assert_eq!(failure.to_string(), "node paris cannot be reached");
    assert_eq!(failure.hint.as_deref(), Some("start its daemon"));
    let of = Failure::from(&Request::from_json(b"{\"request\":\"x\"}").unwrap_err());
    assert_eq!((of.class, of.hint.is_some()), (FailureClass::Misuse, true));
}
