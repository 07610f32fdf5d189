"""Diagnose GPU workloads on Kubernetes: why is it pending, slow or dead."""

__version__ = "0.1.0"
