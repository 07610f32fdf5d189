"""Why the scheduler finds no node."""
