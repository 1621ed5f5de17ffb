use std::fmt::{Debug, Display};

use serde_json::to_vec;
use steep_ipc::{Greeting, MAX_CITED, Reply, Request, read_answer};

/// The bodies of frames: what is understood is the same when it is written and read again; errors
/// are short.
///
/// # Panics
/// When that is not so.
pub fn messages(data: &[u8]) {
    if let Some(request) = understood(Request::from_json(data)) {
        let again = Request::from_json(&to_vec(&request).expect("a request has a JSON form"));
        assert_eq!(again, Ok(request));
    }
    if let Some(reply) = understood(Reply::from_json(data)) {
        let again = Reply::from_json(&to_vec(&reply).expect("a reply has a JSON form"));
        assert_eq!(again, Ok(reply));
    }
    if let Some(greeting) = understood(Greeting::from_json(data)) {
        let _refusal = greeting.negotiate();
    }
    understood(read_answer(data));
}

fn understood<T: Debug, E: Display>(read: Result<T, E>) -> Option<T> {
    match read {
        Ok(message) => Some(message),
        Err(error) => {
            assert!(error.to_string().chars().count() < MAX_CITED + 100);
            None
        }
    }
}
