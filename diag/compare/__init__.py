"""What changed between two looks at a cluster: causes, and the objects that somebody changed in between."""
