"""The TUI: the causes, why, and what to do, on one screen. Nothing here is imported before `diag` opens it."""
