//! What every kind of switch must do: observe and apply, believed only after reading back.
