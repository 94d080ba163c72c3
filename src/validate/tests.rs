//! Small rewrites, right and wrong ones.
