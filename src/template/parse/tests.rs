//! What of Go templates is read, and what is refused.
