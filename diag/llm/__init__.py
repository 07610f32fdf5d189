"""A cause in a model's words: facts in, sentences with their sources out, each checked before anyone reads it."""
