//! The gate in front of an application: mTLS, policy, audit, forward. Comes with the gate issue.
