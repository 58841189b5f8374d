//! The PAM module.
