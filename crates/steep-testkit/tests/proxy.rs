//! What a link does when it is paused, cut and delayed.

#![allow(clippy::unwrap_used, reason = "a test may end by a panic")]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use steep_testkit::{Direction, Proxy, wait};

/// Long enough that what ought to come would have come, short enough to be spent often.
const SILENCE: Duration = Duration::from_millis(300);

/// Both ends of a connection through a proxy.
fn linked() -> (Proxy, TcpStream, TcpStream, TcpListener) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).unwrap();
    let client = TcpStream::connect(proxy.address()).unwrap();
    let (server, _) = listener.accept().unwrap();
    has_connections(&proxy, 1);
    client.set_read_timeout(Some(wait::DEADLINE)).unwrap();
    server.set_read_timeout(Some(wait::DEADLINE)).unwrap();
    (proxy, client, server, listener)
}

fn has_connections(proxy: &Proxy, expected: usize) {
    wait::until(wait::DEADLINE, "the number of connections", || match proxy.connections() {
        count if count == expected => Ok(()),
        count => Err(wait::Observed::new(count)),
    })
    .unwrap();
}

fn receive(stream: &mut TcpStream, expected: &[u8]) {
    let mut received = vec![0; expected.len()];
    stream.read_exact(&mut received).unwrap();
    assert_eq!(received, expected);
}

fn hears_nothing(stream: &mut TcpStream) {
    stream.set_read_timeout(Some(SILENCE)).unwrap();
    let kind = stream.read(&mut [0]).unwrap_err().kind();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind:?}");
    stream.set_read_timeout(Some(wait::DEADLINE)).unwrap();
}

fn is_reset(stream: &mut TcpStream) -> io::Result<usize> {
    stream.read(&mut [0])
}

#[test]
fn large_traffic_passes_both_ways_at_once() {
    let (_proxy, client, server, _) = linked();
    let sent: Vec<u8> = (0..8_000_000_u32).map(|at| ((at * 31) >> 3) as u8).collect();
    let echo = thread::spawn(move || io::copy(&mut &server, &mut &server));
    let received = thread::scope(|scope| {
        scope.spawn(|| {
            (&client).write_all(&sent).unwrap();
            client.shutdown(Shutdown::Write).unwrap();
        });
        let mut received = Vec::new();
        (&client).read_to_end(&mut received).unwrap();
        received
    });
    echo.join().unwrap().unwrap();
    assert!(received == sent);
}

#[test]
fn one_side_may_end_before_the_other() {
    let (proxy, mut client, mut server, _) = linked();
    client.write_all(b"question").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    let mut question = Vec::new();
    server.read_to_end(&mut question).unwrap();
    assert_eq!(question, b"question");
    server.write_all(b"answer").unwrap();
    drop(server);
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"answer");
    has_connections(&proxy, 0);
}

#[test]
fn a_pause_holds_one_direction_back_and_loses_nothing() {
    let (proxy, mut client, mut server, _) = linked();
    proxy.pause(Direction::ToServer);
    client.write_all(b"held").unwrap();
    server.write_all(b"free").unwrap();
    receive(&mut client, b"free");
    hears_nothing(&mut server);
    proxy.resume(Direction::ToServer);
    receive(&mut server, b"held");
}

#[test]
fn a_paused_sender_feels_it() {
    let (proxy, mut client, _server, _) = linked();
    proxy.pause(Direction::Both);
    client.set_write_timeout(Some(SILENCE)).unwrap();
    // More than the pipe and the sockets' own buffers hold.
    let sent = (0..64).try_for_each(|_| client.write_all(&vec![0; 1 << 20]));
    assert!(sent.is_err());
}

#[test]
fn a_cut_resets_connections_and_refuses_new_ones() {
    let (proxy, mut client, mut server, listener) = linked();
    proxy.cut(Direction::Both);
    assert_eq!(is_reset(&mut client).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(is_reset(&mut server).unwrap_err().kind(), ErrorKind::ConnectionReset);
    let refused = TcpStream::connect(proxy.address()).and_then(|mut late| is_reset(&mut late));
    assert!(refused.is_err());
    proxy.heal(Direction::Both);
    let mut client = TcpStream::connect(proxy.address()).unwrap();
    client.write_all(b"again").unwrap();
    // The refused one may have reached the listener before it was reset.
    let served = listener.incoming().map(Result::unwrap).find_map(|mut server| {
        let mut received = [0; 5];
        server.read_exact(&mut received).is_ok().then_some(received)
    });
    assert_eq!(served, Some(*b"again"));
}

#[test]
fn what_a_one_way_cut_loses_resets_the_connection_when_healed() {
    let (proxy, mut client, mut server, _) = linked();
    proxy.cut(Direction::ToClient);
    client.write_all(b"passes").unwrap();
    receive(&mut server, b"passes");
    server.write_all(b"lost").unwrap();
    hears_nothing(&mut client);
    proxy.heal(Direction::ToClient);
    assert!(is_reset(&mut client).is_err());
}

#[test]
fn a_delay_holds_every_byte_back_but_not_the_other_direction() {
    let (proxy, mut client, mut server, _) = linked();
    let delay = Duration::from_millis(400);
    proxy.delay(Direction::ToServer, delay);
    let began = Instant::now();
    client.write_all(b"late").unwrap();
    server.write_all(b"soon").unwrap();
    receive(&mut client, b"soon");
    hears_nothing(&mut server);
    receive(&mut server, b"late");
    assert!(began.elapsed() >= delay);
}

#[test]
fn dropping_a_proxy_ends_what_it_carries() {
    let (proxy, mut client, mut server, _) = linked();
    proxy.pause(Direction::Both);
    client.write_all(b"never").unwrap();
    let address = proxy.address();
    drop(proxy);
    assert!(is_reset(&mut client).is_err());
    assert!(is_reset(&mut server).is_err());
    assert!(TcpStream::connect(address).is_err());
}
