//! What can go wrong, and whose it is.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use steep_ipc::{BodyError, EncodeError, Failure, FailureClass, FrameError};

use crate::Endpoint;

/// Why a daemon cannot have its endpoint.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Another daemon is there, alive.
    #[error("another daemon serves {endpoint}")]
    AlreadyServed {
        /// Where.
        endpoint: Endpoint,
    },
    /// Somebody else's file is in the way.
    #[error("{} belongs to another user ({owner})", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Number of its owner.
        owner: u32,
    },
    /// Something is in the way that no daemon made.
    #[error("{} is in the way: it is not what a daemon leaves there", path.display())]
    InTheWay {
        /// The file.
        path: PathBuf,
    },
    /// Others could replace the socket.
    #[error("folder {} is not safe for a socket: {why}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// Who could do what.
        why: &'static str,
    },
    /// The operating system has no such name.
    #[error("{endpoint} cannot be the name of an endpoint")]
    Name {
        /// The name.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
    /// The operating system refuses.
    #[error("cannot listen on {endpoint}")]
    Io {
        /// Where.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
}

impl BindError {
    /// Who has to do something.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::AlreadyServed { .. }
            | Self::Foreign { .. }
            | Self::InTheWay { .. }
            | Self::Folder { .. }
            | Self::Name { .. }
            | Self::Io { .. } => FailureClass::Operator,
        }
    }

    /// The way out.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::AlreadyServed { .. } => {
                "stop that daemon first, or give this one another ipc.path"
            }
            Self::Foreign { .. } | Self::InTheWay { .. } => {
                "remove it if nobody needs it, or set ipc.path to a file in a folder of your own"
            }
            Self::Folder { .. } => "set ipc.path to a file in a folder that only you can write",
            Self::Name { .. } => {
                "set ipc.path to a shorter path; on Windows to one like \\\\.\\pipe\\steep-repl"
            }
            Self::Io { .. } => "see that the folder of ipc.path exists and can be written",
        }
    }
}

/// Why what was read is no message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no frame.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// It is a frame, but not what should be in it.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The other end hung up in the middle of a frame.
    #[error("connection ended in the middle of a message")]
    Truncated,
    /// The other end hung up.
    #[error("connection ended before the answer")]
    HungUp,
    /// Nothing came in time.
    #[error("nothing came in time")]
    Silent,
    /// A frame began and did not end in time.
    #[error("message was not whole in time")]
    Slow,
    /// The operating system lost the connection.
    #[error("connection is lost")]
    Io(#[from] io::Error),
}

impl ReadError {
    /// Who has to do something, as far as the reader can tell.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Frame(error) => error.class(),
            Self::Body(error) => error.class(),
            Self::Truncated | Self::HungUp | Self::Silent | Self::Slow | Self::Io(_) => {
                FailureClass::Transient
            }
        }
    }
}

/// Why a client has no connection to a daemon.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// Nobody listens there.
    #[error("no daemon listens on {endpoint}")]
    NotRunning {
        /// Where.
        endpoint: Endpoint,
    },
    /// The endpoint is another user's.
    #[error("you may not use the daemon on {endpoint}")]
    NotAllowed {
        /// Where.
        endpoint: Endpoint,
    },
    /// Somebody listens there who is neither you nor root, in a folder where anybody could.
    #[error("server on {endpoint} belongs to another user ({owner}) and cannot be trusted")]
    Untrusted {
        /// Where.
        endpoint: Endpoint,
        /// Number of the user who runs it.
        owner: u32,
    },
    /// The daemon answered, and will not talk.
    #[error("daemon on {endpoint} refuses: {refusal}")]
    Refused {
        /// Where.
        endpoint: Endpoint,
        /// What it says.
        refusal: Failure,
    },
    /// Somebody listens, but does not answer as a daemon does.
    #[error("no daemon's answer from {endpoint}")]
    Answer {
        /// Where.
        endpoint: Endpoint,
        /// What came.
        source: ReadError,
    },
    /// The client's name is too long.
    #[error("greeting cannot be sent")]
    Greeting(#[source] EncodeError),
    /// The operating system refuses.
    #[error("cannot connect to {endpoint}")]
    Io {
        /// Where.
        endpoint: Endpoint,
        /// What the system says.
        source: io::Error,
    },
}

impl ConnectError {
    /// Who has to do something.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::NotRunning { .. } | Self::Io { .. } => FailureClass::Transient,
            Self::NotAllowed { .. } | Self::Untrusted { .. } => FailureClass::Operator,
            Self::Refused { refusal, .. } => refusal.class,
            Self::Greeting(error) => error.class(),
            // Whoever is there is no daemon of this kind: the address is wrong, or it hangs.
            Self::Answer { .. } => FailureClass::Transient,
        }
    }

    /// The way out, if there is one to tell.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::NotRunning { .. } => Some(
                "start it with steep-repl start (a service of this user: steep-repl start \
                     --user), or name its endpoint in ipc.path",
            ),
            Self::NotAllowed { .. } => Some("run this as the user who runs the daemon, or as root"),
            Self::Untrusted { .. } => Some(
                "run this as the user who runs the daemon, or give the daemon an ipc.path in a \
                 folder that others cannot write",
            ),
            Self::Refused { refusal, .. } => refusal.hint.as_deref(),
            Self::Answer { .. } => Some("see what listens there, or restart the daemon"),
            Self::Greeting(_) | Self::Io { .. } => None,
        }
    }
}

/// Why a request has no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The daemon says why.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The request is too long.
    #[error("request cannot be sent")]
    Request(#[from] EncodeError),
    /// What came is no reply, or none came.
    #[error("no answer from the daemon")]
    Answer(#[from] ReadError),
    /// The daemon said nothing for so long.
    #[error("daemon said nothing for {} s", after.as_secs())]
    Silent {
        /// How long.
        after: Duration,
    },
    /// The last request has not been answered to its end, or the connection is lost already.
    #[error("connection cannot take a request")]
    NotReady,
}

impl CallError {
    /// Who has to do something.
    #[must_use]
    pub fn class(&self) -> FailureClass {
        match self {
            Self::Failed(failure) => failure.class,
            Self::Request(error) => error.class(),
            Self::Answer(error) => error.class(),
            Self::Silent { .. } => FailureClass::Transient,
            Self::NotReady => FailureClass::Bug,
        }
    }

    /// The way out, if there is one to tell.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        match self {
            Self::Failed(failure) => failure.hint.as_deref(),
            Self::Answer(ReadError::Body(error)) => error.hint(),
            Self::Answer(_) | Self::Silent { .. } => Some("see the daemon's log, and try again"),
            Self::Request(_) | Self::NotReady => None,
        }
    }
}
