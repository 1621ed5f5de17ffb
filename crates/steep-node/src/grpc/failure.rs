//! Failures on their way through gRPC.
//!
//! | class | status | and back |
//! |---|---|---|
//! | transient | `UNAVAILABLE` | transient |
//! | peer | `ABORTED` | peer |
//! | operator | `FAILED_PRECONDITION` | operator |
//! | misuse | `INVALID_ARGUMENT` | misuse |
//! | bug | `INTERNAL` | bug |
//!
//! The whole failure travels as JSON in the metadata `steep-failure-bin`, which gRPC encodes in
//! base64; the status message carries its beginning for tools that know only gRPC. Both are bounded,
//! as a peer refuses headers of more than 16 KiB.

use steep_ipc::{Failure, FailureClass};
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

/// The failure, as JSON.
const FAILURE: &str = "steep-failure-bin";

/// Longest message and hint, and longest message in the status itself, in bytes.
const MESSAGE_BYTES: usize = 2048;
const HINT_BYTES: usize = 1024;
const STATUS_BYTES: usize = 512;

/// The status of a class.
#[must_use]
pub fn code(class: FailureClass) -> Code {
    match class {
        FailureClass::Transient => Code::Unavailable,
        FailureClass::Peer => Code::Aborted,
        FailureClass::Operator => Code::FailedPrecondition,
        FailureClass::Misuse => Code::InvalidArgument,
        FailureClass::Bug => Code::Internal,
    }
}

/// The class of a status that came without a failure.
#[must_use]
pub fn class(code: Code) -> FailureClass {
    match code {
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted | Code::Cancelled => {
            FailureClass::Transient
        }
        Code::Aborted | Code::Unimplemented => FailureClass::Peer,
        Code::FailedPrecondition | Code::PermissionDenied | Code::Unauthenticated => {
            FailureClass::Operator
        }
        Code::NotFound | Code::AlreadyExists => FailureClass::Operator,
        Code::InvalidArgument | Code::OutOfRange => FailureClass::Misuse,
        Code::Internal | Code::DataLoss | Code::Unknown | Code::Ok => FailureClass::Bug,
    }
}

/// The failure as a status.
#[must_use]
pub fn to_status(failure: &Failure) -> Status {
    with_code(code(failure.class), failure)
}

/// The failure as a status with a code of its own.
pub(super) fn with_code(code: Code, failure: &Failure) -> Status {
    let bounded = Failure {
        class: failure.class,
        message: clean(&failure.message, MESSAGE_BYTES),
        hint: failure.hint.as_deref().map(|hint| clean(hint, HINT_BYTES)),
        summary: failure.summary.as_deref().map(|summary| clean(summary, STATUS_BYTES)),
    };
    let mut metadata = MetadataMap::new();
    if let Ok(json) = serde_json::to_vec(&bounded) {
        metadata.insert_bin(FAILURE, MetadataValue::from_bytes(&json));
    }
    Status::with_metadata(code, clean(&failure.message, STATUS_BYTES), metadata)
}

/// The failure of a status; what is not ours is told apart by its code.
#[must_use]
pub fn from_status(status: &Status) -> Failure {
    let carried = status
        .metadata()
        .get_bin(FAILURE)
        .and_then(|value| value.to_bytes().ok())
        .and_then(|json| serde_json::from_slice::<Failure>(&json).ok());
    carried.unwrap_or_else(|| Failure {
        class: class(status.code()),
        message: match clean(status.message(), MESSAGE_BYTES) {
            message if message.is_empty() => format!("gRPC status {:?}", status.code()),
            message => message,
        },
        hint: None,
        summary: None,
    })
}

/// At most `bytes` bytes of the text, without control characters, which JSON would make six of.
fn clean(text: &str, bytes: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(bytes));
    for character in text.chars() {
        let character = match character {
            '\n' | '\t' => character,
            _ if character.is_control() => ' ',
            _ => character,
        };
        if cleaned.len() + character.len_utf8() > bytes {
            break;
        }
        cleaned.push(character);
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASSES: [FailureClass; 5] = [
        FailureClass::Transient,
        FailureClass::Peer,
        FailureClass::Operator,
        FailureClass::Misuse,
        FailureClass::Bug,
    ];

    fn failure(class: FailureClass) -> Failure {
        Failure {
            class,
            message: "sl\u{f6}t \"x\" is\nactive".into(),
            hint: Some("wait".into()),
            summary: Some("slot".into()),
        }
    }

    #[test]
    fn a_failure_comes_back_as_it_went() {
        for class in CLASSES {
            assert_eq!(from_status(&to_status(&failure(class))), failure(class));
        }
    }

    #[test]
    fn a_class_survives_without_the_metadata() {
        for known in CLASSES {
            assert_eq!(class(code(known)), known);
        }
    }

    #[test]
    fn a_status_of_somebody_else_becomes_a_failure() {
        let status = Status::unimplemented("no such method");
        let back = from_status(&status);
        assert_eq!((back.class, back.message.as_str()), (FailureClass::Peer, "no such method"));
    }

    #[test]
    fn a_huge_message_fits_into_headers_and_keeps_its_class() {
        let huge = Failure {
            class: FailureClass::Operator,
            message: "\u{1}\"\u{20ac}".repeat(100_000),
            hint: Some("\\".repeat(100_000)),
            summary: Some("\\".repeat(100_000)),
        };
        let status = to_status(&huge);
        let value = status.metadata().get_bin(FAILURE).unwrap();
        // Percent-encoding makes three bytes of one.
        let size = value.as_encoded_bytes().len() + 3 * status.message().len();
        assert!(size < 12 << 10, "{size} bytes of headers");
        assert_eq!(from_status(&status).class, FailureClass::Operator);
    }

    #[test]
    fn damaged_metadata_is_no_failure_of_ours() {
        let mut status = Status::internal("broken");
        status.metadata_mut().insert_bin(FAILURE, MetadataValue::from_bytes(b"{\"class\":1}"));
        assert_eq!(from_status(&status).message, "broken");
    }
}
