//! What a platform's own people do: sign in, hold conversations, listen.

mod archive;
mod bad_input;
mod command_line;
mod forms;
mod keys;
mod live;
mod pages;
mod preview;
mod sign_in;
mod walk;
