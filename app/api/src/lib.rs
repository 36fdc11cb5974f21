//! The contract between browser and server: the desk, requests, views, live events, errors.
