"""Detectors: each looks for one kind of trouble and yields a complaint for each member."""
