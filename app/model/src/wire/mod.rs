//! The JSON that crosses a wire: `/d/` between a platform and its own people, the live socket, `/f/` between platforms.

pub mod domestic;
pub mod foreign;
pub mod intent;
pub mod live;
