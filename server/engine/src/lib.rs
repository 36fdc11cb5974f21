//! Owns the drivers: executes plans, undoes failures, recovers, observes.
