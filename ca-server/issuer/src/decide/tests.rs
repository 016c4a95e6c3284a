//! Every rule of the CA as a story: what is allowed, and the nearest thing that is not.

mod approve;
