"""Containers, probes and Kubernetes itself."""
