"""Scalers of pods and of nodes."""
