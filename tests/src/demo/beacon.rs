//! How `make demo-admin` finds a running demo: by an abstract socket, whose name the kernel forgets with its owner.
//!
//! No file, so none that is stale or left behind. Only sockets of the caller's own user are believed.
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::geteuid;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};

const PREFIX: &str = "countersign-demo.";

/// Announces a world by its process 1, until dropped.
pub fn announce(first_process: u32) -> io::Result<UnixListener> {
    UnixListener::bind_addr(&address(first_process)?)
}

/// Process 1 of the running demo's world.
pub fn find() -> Option<u32> {
    let sockets = std::fs::read_to_string("/proc/net/unix").ok()?;
    let name = |line: &str| line.rsplit_once('@').map(|(_, name)| name.to_owned());
    sockets.lines().filter_map(name).find_map(|name| {
        let first_process = name.strip_prefix(PREFIX)?.parse().ok()?;
        is_ours(first_process).then_some(first_process)
    })
}

fn is_ours(first_process: u32) -> bool {
    let connect = || UnixStream::connect_addr(&address(first_process)?);
    connect()
        .is_ok_and(|socket| getsockopt(&socket, PeerCredentials).is_ok_and(|owner| owner.uid() == geteuid().as_raw()))
}

fn address(first_process: u32) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("{PREFIX}{first_process}"))
}
