//! As much of HTTP/1.1 as a proxy needs to know where a request ends and an answer begins.

use std::io::{Error, ErrorKind, Result};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Duration, sleep};

/// How many bytes are written at a time, and what lies between.
pub(crate) type Pace = Option<(usize, Duration)>;

/// A request or an answer, byte for byte.
#[derive(Clone)]
pub(crate) struct Message {
    bytes: Vec<u8>,
    /// Where the body begins.
    head: usize,
}

impl Message {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What arrives of it when the connection ends in the middle: of the body, where it has one.
    pub(crate) fn half(&self) -> &[u8] {
        let body = self.bytes.len() - self.head;
        let end = match body {
            0 => self.head / 2,
            _ => self.head + body / 2,
        };
        &self.bytes[..end]
    }

    pub(crate) fn is_post(&self) -> bool {
        self.bytes.starts_with(b"POST ")
    }

    /// Of an answer: whether it says that the request was seen before.
    pub(crate) fn is_replay(&self) -> bool {
        let body = String::from_utf8_lossy(&self.bytes[self.head..]);
        self.bytes.starts_with(b"HTTP/1.1 401 ") && body.contains("EM2_REPLAY")
    }

    pub(crate) fn is_success(&self) -> bool {
        self.bytes.starts_with(b"HTTP/1.1 200 ")
    }
}

/// A connection from which whole messages are read.
pub(crate) struct Wire {
    stream: TcpStream,
    /// What was read beyond the last message.
    rest: Vec<u8>,
}

impl Wire {
    pub(crate) fn new(stream: TcpStream) -> Wire {
        let rest = Vec::new();
        Wire { stream, rest }
    }

    /// The next message; `None` where the other side ends between messages.
    pub(crate) async fn read(&mut self) -> Result<Option<Message>> {
        let head = loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.more().await? {
                return match self.rest.is_empty() {
                    true => Ok(None),
                    false => Err(ErrorKind::UnexpectedEof.into()),
                };
            }
        };
        let end = head + length(&self.rest[..head])?;
        while self.rest.len() < end {
            if !self.more().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        let rest = self.rest.split_off(end);
        let bytes = std::mem::replace(&mut self.rest, rest);
        Ok(Some(Message { bytes, head }))
    }

    async fn more(&mut self) -> Result<bool> {
        Ok(self.stream.read_buf(&mut self.rest).await? > 0)
    }

    /// Writes these bytes, at once or slowly.
    pub(crate) async fn write(&mut self, bytes: &[u8], pace: Pace) -> Result<()> {
        let (step, pause) = pace.unwrap_or((usize::MAX, Duration::ZERO));
        for piece in bytes.chunks(step) {
            self.stream.write_all(piece).await?;
            if pause > Duration::ZERO {
                sleep(pause).await;
            }
        }
        Ok(())
    }

    /// Says that nothing more will be written, and goes on reading.
    pub(crate) async fn end(&mut self) -> Result<()> {
        self.stream.shutdown().await
    }

    /// Ends the connection so that the other side sees it break.
    pub(crate) fn reset(self) {
        // It may have broken by itself.
        let _ = self.stream.set_zero_linger();
    }
}

/// How long the body is. Platforms say so of all that they send each other.
fn length(head: &[u8]) -> Result<usize> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if head.contains("\r\ntransfer-encoding:") {
        return Err(Error::other("a message of no known length"));
    }
    let lengths = head.lines().filter_map(|line| line.split_once(':'));
    let mut lengths = lengths.filter(|(name, _)| *name == "content-length");
    match lengths.next() {
        None => Ok(0),
        Some((_, length)) => length.trim().parse().map_err(Error::other),
    }
}
