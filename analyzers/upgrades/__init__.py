"""Drains, cordons and upgrades."""
