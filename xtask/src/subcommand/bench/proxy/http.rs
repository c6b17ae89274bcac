//! As much of an HTTP/1.1 client as a measurement needs: GET on a connection that is kept, and the body in pieces.
//!
//! It does next to nothing with what it reads, so that the time it takes is that of the server.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

/// Longest wait for a further byte.
const LIMIT: Duration = Duration::from_secs(60);

/// A connection to a server on loopback.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// What was read and not taken yet.
    from: usize,
    to: usize,
}

impl Connection {
    /// Connects, with a buffer of so many bytes.
    pub(super) fn open(address: &str, buffer: usize) -> Result<Self> {
        let stream = TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIMIT))?;
        Ok(Self { stream, buffer: vec![0; buffer], from: 0, to: 0 })
    }

    /// Asks for a path and gives the length of the body, which is to be read next. Anything but 200 is an error.
    ///
    /// `headers` are whole lines with their ends.
    pub(super) fn get(&mut self, path: &str, headers: &str) -> Result<u64> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: registry\r\nAccept: */*\r\n{headers}\r\n");
        self.stream.write_all(request.as_bytes())?;
        loop {
            let unread = &self.buffer[self.from..self.to];
            if let Some(at) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&unread[..at]);
                let length = length(&head).with_context(|| format!("GET {path}"))?;
                self.from += at + 4;
                return Ok(length);
            }
            // What is left of the buffer's start is of earlier answers.
            self.buffer.copy_within(self.from..self.to, 0);
            (self.from, self.to) = (0, self.to - self.from);
            ensure!(
                self.to < self.buffer.len(),
                "GET {path}: the head of the answer is longer than the buffer"
            );
            self.fill()?;
        }
    }

    /// The next piece of a body of which so many bytes are left: at least one byte.
    pub(super) fn piece(&mut self, left: u64) -> Result<&[u8]> {
        if self.from == self.to {
            (self.from, self.to) = (0, 0);
            self.fill()?;
        }
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let start = self.from;
        self.from = self.to.min(start.saturating_add(left));
        Ok(&self.buffer[start..self.from])
    }

    /// Reads a body of this length to its end and gives it.
    pub(super) fn body(&mut self, length: u64) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        while (body.len() as u64) < length {
            let left = length - body.len() as u64;
            body.extend_from_slice(self.piece(left)?);
        }
        Ok(body)
    }

    /// Reads a body of this length to its end.
    pub(super) fn skip(&mut self, length: u64) -> Result<()> {
        let mut left = length;
        while left > 0 {
            left -= self.piece(left)?.len() as u64;
        }
        Ok(())
    }

    fn fill(&mut self) -> Result<()> {
        let read = self.stream.read(&mut self.buffer[self.to..]).context("reading an answer")?;
        if read == 0 {
            bail!("the server closed the connection");
        }
        self.to += read;
        Ok(())
    }
}

/// The `Content-Length` of an answer whose status is 200.
fn length(head: &str) -> Result<u64> {
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    ensure!(status.split(' ').nth(1) == Some("200"), "the answer is {status:?}");
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse())
    });
    length.context("the answer says no length")?.context("the answer's length is no number")
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;

    use super::*;

    /// Serves these bytes, in pieces, to one client.
    fn serve(pieces: &'static [&'static str]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let _ = stream.read(&mut [0; 1024]).unwrap();
            for piece in pieces {
                stream.write_all(piece.as_bytes()).unwrap();
            }
        });
        address
    }

    #[test]
    fn answers_that_follow_each_other_are_told_apart() {
        let address = serve(&[
            "HTTP/1.1 200 OK\r\nconTENT-length: 3\r",
            "\n\r\nabcHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nd",
        ]);
        let mut connection = Connection::open(&address, 128).unwrap();
        assert_eq!(connection.get("/a", "").unwrap(), 3);
        assert_eq!(connection.body(3).unwrap(), b"abc");
        assert_eq!(connection.get("/b", "").unwrap(), 1);
        assert_eq!(connection.body(1).unwrap(), b"d");
    }

    #[test]
    fn body_that_ends_early_is_an_error() {
        let address = serve(&["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"]);
        let mut connection = Connection::open(&address, 128).unwrap();
        let length = connection.get("/", "").unwrap();
        assert!(connection.skip(length).unwrap_err().to_string().contains("closed"));
    }

    #[test]
    fn status_and_length_are_read() {
        assert_eq!(length("HTTP/1.1 200 OK\r\nContent-Length: 12").unwrap(), 12);
        for head in ["HTTP/1.1 404 Not Found\r\nContent-Length: 12", "HTTP/1.1 200 OK\r\nX: y", ""] {
            assert!(length(head).is_err(), "{head}");
        }
    }
}
