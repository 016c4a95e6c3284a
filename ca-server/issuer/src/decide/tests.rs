//! Every rule of the CA as a story: what is allowed, and the nearest thing that is not.

mod agent;
mod approve;
mod basis;
mod batch;
mod confirmed;
mod credential;
mod decline;
mod delegate;
mod draft;
mod execute;
mod issue;
mod letter;
mod list;
mod operator;
mod renew;
mod renewal;
mod revoke;
mod round;
mod snapshot;
mod submit;
mod supersede;
mod suspend;
mod wish;
mod withdraw;
