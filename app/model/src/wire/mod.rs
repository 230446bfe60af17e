//! The JSON that crosses a wire: `/d/` between a platform and its own people, and the live socket.

pub mod domestic;
pub mod intent;
pub mod live;
