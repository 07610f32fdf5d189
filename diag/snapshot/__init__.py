"""A cluster as it was: objects, indexes, completeness, what can be cited."""
