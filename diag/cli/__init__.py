"""The command line: one module per command, `root` builds the group lazily."""
