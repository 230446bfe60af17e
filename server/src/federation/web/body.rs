//! The body of an answer: read as it comes, and no longer than its limits allow.

use std::fmt;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use em2_model::address::Platform;
use futures::Stream;
use futures::stream::unfold;
use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use super::{FIRST_BYTE, Limits, failure};
use crate::federation::unreached::Unreached;

/// A body that is still coming. Dropping it ends the request.
pub struct Body {
    platform: Platform,
    answer: Response,
    limits: Limits,
    /// When its first byte could have come.
    begun: Instant,
    /// When the last one must have.
    until: Instant,
    /// Bytes so far.
    taken: u64,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes of {})", self.taken, self.platform)
    }
}

impl Body {
    pub(super) fn begin(
        platform: Platform,
        answer: Response,
        until: Instant,
        limits: Limits,
    ) -> Result<Body, Unreached> {
        if answer
            .content_length()
            .is_some_and(|length| length > limits.body)
        {
            return Err(failure::too_big(&platform, limits.body));
        }
        Ok(Body {
            platform,
            answer,
            limits,
            begun: Instant::now(),
            until,
            taken: 0,
        })
    }

    /// The next bytes, or none after the last.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Unreached> {
        let by = self
            .until
            .min(self.begun + patience(self.taken, self.limits.slowest));
        let chunk = timeout_at(by, self.answer.chunk()).await;
        let chunk = chunk
            .map_err(|_| {
                failure::too_late(&self.platform, "did not finish its answer", by - self.begun)
            })?
            .map_err(|error| failure::of(&self.platform, &error))?;
        let Some(bytes) = chunk else { return Ok(None) };
        self.taken += bytes.len() as u64;
        if self.taken > self.limits.body {
            return Err(failure::too_big(&self.platform, self.limits.body));
        }
        Ok(Some(bytes))
    }

    /// The bytes as they come; the stream ends after an error.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Unreached>> + Send {
        unfold(Some(self), |body| async {
            let mut body = body?;
            match body.chunk().await {
                Ok(None) => None,
                Ok(Some(bytes)) => Some((Ok(bytes), Some(body))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// All of it.
    pub(super) async fn whole(mut self) -> Result<Bytes, Unreached> {
        let mut whole = BytesMut::new();
        while let Some(bytes) = self.chunk().await? {
            whole.extend_from_slice(&bytes);
        }
        Ok(whole.freeze())
    }
}

/// How long after its beginning a body of so many bytes may bring the next ones.
fn patience(taken: u64, slowest: u64) -> Duration {
    match taken.checked_div(slowest) {
        Some(seconds) => FIRST_BYTE + Duration::from_secs(seconds),
        // Slow as it may be, the whole has its end.
        None => Duration::from_secs(u32::MAX.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// spec §7: at least 1 KiB a second, after the first 15.
    #[test]
    fn an_answer_that_trickles_is_given_up() {
        assert_eq!(patience(0, 1024).as_secs(), 15);
        assert_eq!(patience(1023, 1024).as_secs(), 15);
        assert_eq!(patience(20 * 1024, 1024).as_secs(), 35);
        assert!(patience(0, 0).as_secs() > 1_000_000);
    }
}
