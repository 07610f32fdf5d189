"""Where objects come from: one module per form or layout of a dump."""
