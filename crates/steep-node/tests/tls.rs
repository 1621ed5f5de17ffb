//! The certificate files: what `init` makes and what a node accepts.
#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::collections::BTreeSet;
use std::fs;
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::{Duration, SystemTime};

use steep_node::tls::{InitError, Lifetime, NodeCertificate, Tls, TlsError, TlsFiles, init};
use x509_parser::extensions::GeneralName;
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::X509Certificate;

fn node(name: &str) -> NodeCertificate {
    NodeCertificate { node: name.parse().unwrap(), hosts: Vec::new() }
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn files(folder: &Path, name: &str) -> TlsFiles {
    TlsFiles {
        authority: folder.join("ca.crt"),
        certificate: folder.join(format!("{name}.crt")),
        key: folder.join(format!("{name}.key")),
    }
}

fn with_certificate<T>(path: &Path, look: impl Fn(&X509Certificate<'_>) -> T) -> T {
    let bytes = fs::read(path).unwrap();
    let (_, pem) = parse_x509_pem(&bytes).unwrap();
    look(&pem.parse_x509().unwrap())
}

#[test]
fn a_certificate_names_its_node_and_its_hosts_and_serves_both_ends() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = vec!["hq.example.org".into(), "127.0.0.1".into(), "::1".into(), "hq".into()];
    let wanted = NodeCertificate { node: "hq".parse().unwrap(), hosts };
    let issued = init(folder.path(), &[wanted], Lifetime::default()).unwrap();
    with_certificate(&issued.nodes[0].certificate, |certificate| {
        let subject = certificate.subject().to_string();
        assert_eq!(subject, "CN=hq");
        let names = certificate.subject_alternative_name().unwrap().unwrap();
        let expected = [
            GeneralName::DNSName("hq"),
            GeneralName::DNSName("hq.example.org"),
            GeneralName::IPAddress(&Ipv4Addr::LOCALHOST.octets()),
            GeneralName::IPAddress(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ];
        assert_eq!(names.value.general_names, expected);
        let usage = certificate.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.server_auth && usage.client_auth && !usage.any);
        assert!(!certificate.is_ca());
        let validity = certificate.validity();
        let days = (validity.not_after.timestamp() - validity.not_before.timestamp()) / 86_400;
        assert_eq!(days, 365);
    });
    with_certificate(&issued.authority, |certificate| {
        assert!(certificate.is_ca());
        let left = certificate.validity().time_to_expiration().unwrap();
        assert!(left > Duration::from_secs(10 * 365 * 86_400));
    });
}

#[test]
fn a_node_can_be_added_later() {
    let folder = tempfile::tempdir().unwrap();
    let first = init(folder.path(), &[node("a"), node("b")], Lifetime::default()).unwrap();
    assert!(first.is_new_authority);
    let authority = fs::read(&first.authority).unwrap();
    let second = init(folder.path(), &[node("c")], Lifetime::days(10)).unwrap();
    assert!(!second.is_new_authority);
    assert_eq!(fs::read(&second.authority).unwrap(), authority);
    for name in ["a", "b", "c"] {
        assert_eq!(Tls::load(files(folder.path(), name)).unwrap().node().as_str(), name);
    }
}

#[test]
fn nothing_is_overwritten_and_nothing_half_done_is_left() {
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &[node("a")], Lifetime::default()).unwrap();
    let before = names(folder.path());
    let key = fs::read(folder.path().join("a.key")).unwrap();
    let error = init(folder.path(), &[node("b"), node("a")], Lifetime::default()).unwrap_err();
    assert!(matches!(error, InitError::Exists { .. }), "{error:?}");
    assert!(error.hint().is_some_and(|hint| hint.contains("renew")));
    assert_eq!(names(folder.path()), before);
    assert_eq!(fs::read(folder.path().join("a.key")).unwrap(), key);
}

#[test]
fn an_error_in_the_middle_leaves_no_new_authority() {
    let folder = tempfile::tempdir().unwrap();
    let mut wrong = node("b");
    wrong.hosts.push("not a host:5433".to_owned());
    let error = init(folder.path(), &[node("a"), wrong], Lifetime::default()).unwrap_err();
    assert!(matches!(error, InitError::Host { .. }), "{error:?}");
    assert_eq!(names(folder.path()), BTreeSet::new());
}

#[test]
fn the_same_node_twice_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = init(folder.path(), &[node("a"), node("a")], Lifetime::default()).unwrap_err();
    assert!(matches!(error, InitError::Exists { .. }), "{error:?}");
    assert_eq!(names(folder.path()), BTreeSet::new());
}

#[test]
fn a_node_cannot_take_the_files_of_the_authority() {
    for name in ["ca", "CA"] {
        let folder = tempfile::tempdir().unwrap();
        let error = init(folder.path(), &[node(name)], Lifetime::default()).unwrap_err();
        assert!(matches!(error, InitError::ReservedName { .. }), "{error:?}");
    }
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &[], Lifetime::default()).unwrap();
    let error = init(folder.path(), &[node("ca")], Lifetime::default()).unwrap_err();
    assert!(matches!(error, InitError::ReservedName { .. }), "{error:?}");
}

#[test]
fn half_an_authority_is_refused() {
    for file in ["ca.key", "ca.crt"] {
        let folder = tempfile::tempdir().unwrap();
        init(folder.path(), &[], Lifetime::default()).unwrap();
        fs::remove_file(folder.path().join(file)).unwrap();
        let error = init(folder.path(), &[node("a")], Lifetime::default()).unwrap_err();
        let InitError::HalfAnAuthority { missing, .. } = &error else { panic!("{error:?}") };
        assert!(missing.ends_with(file));
        assert!(error.hint().is_some());
    }
}

#[test]
fn a_damaged_or_foreign_authority_is_refused() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    init(folder.path(), &[], Lifetime::default()).unwrap();
    init(other.path(), &[], Lifetime::default()).unwrap();
    fs::copy(other.path().join("ca.key"), folder.path().join("ca.key")).unwrap();
    let error = init(folder.path(), &[node("a")], Lifetime::default()).unwrap_err();
    assert!(matches!(error, InitError::Authority { .. }), "{error:?}");
    fs::write(other.path().join("ca.crt"), "nonsense").unwrap();
    let error = init(other.path(), &[node("a")], Lifetime::default()).unwrap_err();
    assert!(matches!(error, InitError::Authority { .. }), "{error:?}");
}

#[test]
fn a_certificate_does_not_outlive_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let issued = init(folder.path(), &[node("a")], Lifetime::days(36_500)).unwrap();
    let end = with_certificate(&issued.authority, |one| one.validity().not_after.timestamp());
    let own =
        with_certificate(&issued.nodes[0].certificate, |one| one.validity().not_after.timestamp());
    assert_eq!(own, end);
    let told = issued.nodes[0].not_after.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(i64::try_from(told.as_secs()).unwrap(), end);
}

#[test]
fn a_certificate_for_no_time_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = init(folder.path(), &[node("a")], Lifetime::days(0)).unwrap_err();
    assert!(matches!(error, InitError::NoDays), "{error:?}");
}

#[cfg(unix)]
#[test]
fn keys_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    init(folder.path(), &[node("a")], Lifetime::default()).unwrap();
    for key in ["ca.key", "a.key"] {
        let mode = fs::metadata(folder.path().join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{key}");
    }
    let files = files(folder.path(), "a");
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o640)).unwrap();
    Tls::load(files.clone()).unwrap();
    fs::set_permissions(&files.key, fs::Permissions::from_mode(0o644)).unwrap();
    let error = Tls::load(files).unwrap_err();
    assert!(matches!(error, TlsError::OpenKey { .. }), "{error:?}");
}

#[test]
fn files_that_do_not_fit_are_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    init(folder, &[node("a"), node("b")], Lifetime::default()).unwrap();
    let good = files(folder, "a");
    let nonsense = folder.join("nonsense");
    fs::write(&nonsense, "nonsense").unwrap();

    let missing = TlsFiles { key: folder.join("c.key"), ..good.clone() };
    assert!(matches!(Tls::load(missing).unwrap_err(), TlsError::Read { .. }));
    let empty = TlsFiles { authority: nonsense, ..good.clone() };
    assert!(matches!(Tls::load(empty).unwrap_err(), TlsError::Empty { .. }));
    let other_key = TlsFiles { key: folder.join("b.key"), ..good.clone() };
    assert!(matches!(Tls::load(other_key).unwrap_err(), TlsError::Pair { .. }));
    let no_authority = TlsFiles { authority: folder.join("b.crt"), ..good.clone() };
    assert!(matches!(Tls::load(no_authority).unwrap_err(), TlsError::Authority { .. }));
    let authority =
        TlsFiles { certificate: folder.join("ca.crt"), key: folder.join("ca.key"), ..good };
    let error = Tls::load(authority).unwrap_err();
    assert!(matches!(error, TlsError::Identity { .. }), "{error:?}");
    assert!(error.hint().is_some());
}
