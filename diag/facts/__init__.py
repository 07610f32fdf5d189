"""Pure functions on objects and on what components print."""
