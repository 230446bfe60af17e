//! One page, one file, one URL: data, and no markup deeper than layout.

pub mod conversation;
pub mod draft;
pub mod edit;
pub mod error;
pub mod first_account;
pub mod history;
pub mod load;
pub mod mailbox;
pub mod nothing;
pub mod place;
pub mod preview;
pub mod request;
pub mod sign_in;
