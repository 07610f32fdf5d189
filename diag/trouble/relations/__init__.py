"""Who belongs to whom, each with the field that proves it."""
