//! What the steps of a Dockerfile do and need: the layer between facts and passes.
//!
//! Facts say what is written in the file and its context; this layer says what that means for the image: which files
//! COPYs bring ([`image_files`]) and what the program needs when it runs ([`needs`]). It knows nothing of passes. What it
//! cannot tell is an answer of its own, never "nothing".

mod evidence;
pub(crate) mod image_files;
pub(crate) mod needs;

pub use evidence::Evidence;
