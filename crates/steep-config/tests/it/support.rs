//! Loads a text as a file.

use std::fs;
use steep_config::{ConfigError, Environment, Loaded, Mistake, Problem, Sources, load};

/// Loads `yaml` as the file, without an environment.
pub(crate) fn load_text(yaml: &str) -> Result<Loaded, ConfigError> {
    load_with(yaml, Sources::none())
}

/// Loads `yaml` as the file of `sources`.
pub(crate) fn load_with(yaml: &str, sources: Sources) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("config.yaml");
    fs::write(&path, yaml).expect("a written file");
    load(&sources.file(path))
}

/// The mistakes in `yaml`.
pub(crate) fn problems(yaml: &str) -> Vec<Problem> {
    match load_text(yaml) {
        Err(ConfigError::Invalid { problems }) => problems,
        other => panic!("expected mistakes in\n{yaml}\ngot {other:?}"),
    }
}

/// The only mistake in `yaml`: its key and what it is.
pub(crate) fn problem(yaml: &str) -> (String, Mistake) {
    let mut problems = problems(yaml);
    assert_eq!(problems.len(), 1, "{problems:#?}");
    let problem = problems.remove(0);
    (problem.key, problem.mistake)
}

/// An environment of these variables.
pub(crate) fn environment<const N: usize>(variables: [(&str, &str); N]) -> Sources {
    Sources::with_environment(Environment::from_iter(variables))
}
