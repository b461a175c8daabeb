//! Tables of facts, and what a preview makes of them.
