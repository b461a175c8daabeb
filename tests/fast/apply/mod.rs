//! What one write by Helm makes of one object, held to what apimachinery's own code made of the same.

mod server_side;
