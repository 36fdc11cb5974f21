//! An emulated Switchtec PAX, served over TCP from a rack file.
