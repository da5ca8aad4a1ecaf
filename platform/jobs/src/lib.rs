//! Workers, leases, sweeper, run life-cycle.
