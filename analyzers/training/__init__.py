"""Training jobs, their operators and pipelines."""
