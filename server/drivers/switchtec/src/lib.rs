//! The driver for Switchtec PAX switches.
