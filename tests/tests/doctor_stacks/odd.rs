//! Stacks that follow no layout.
