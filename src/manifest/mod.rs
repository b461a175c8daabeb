//! What a stored manifest asks for: documents, objects, and the state that Helm makes of them.

pub mod desired;
pub mod object;
pub mod split;
