//! Tests of the whole: a context, a command, what it reads.
