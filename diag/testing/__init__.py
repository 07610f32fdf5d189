"""Builders of Kubernetes objects for tests, demos and benchmarks."""
