//! The conversation and action model.
