"""Joins that several rules of one system share, with their words and evidence."""
