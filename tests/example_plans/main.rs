//! The plans of `deploy/plans`, each with a contact whose story is told: what it did, what scores
//! said of it at some moments, and what followed. The numbers are checked by hand; where the way
//! to a number is not obvious, it stands beside the snapshot.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly")]
#![allow(
    clippy::too_many_lines,
    reason = "a story is told in one piece, with its snapshots"
)]

mod b2b;
mod loyalty;
mod product_lines;
mod stages;
mod story;
mod text;
