"""The rule catalogue: what a rule is, how rules are found and run."""
