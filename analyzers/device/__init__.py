"""Drivers, device plugins and what a node offers."""
