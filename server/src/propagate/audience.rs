//! Who must hear of a commit, each with what they are told.

use super::frame::Frame;
use crate::store::users::UserId;

/// The people of one commit, in the order in which they are told.
#[derive(Default)]
pub struct Audience(Vec<(UserId, Option<Frame>)>);

impl Audience {
    /// This person is told this.
    pub fn tell(&mut self, user: UserId, frame: Frame) {
        self.0.push((user, Some(frame)));
    }

    /// Nobody listens for this person now. Who has begun to listen when it is committed reads the store, so that nothing
    /// falls between the two.
    pub fn miss(&mut self, user: UserId) {
        self.0.push((user, None));
    }
}

impl FromIterator<(UserId, Frame)> for Audience {
    fn from_iter<I: IntoIterator<Item = (UserId, Frame)>>(people: I) -> Audience {
        Audience(
            people
                .into_iter()
                .map(|(user, frame)| (user, Some(frame)))
                .collect(),
        )
    }
}

impl IntoIterator for Audience {
    type Item = (UserId, Option<Frame>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
