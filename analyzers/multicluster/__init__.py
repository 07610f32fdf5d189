"""Federations and links between clusters."""
