"""Templates of explanations and prompts."""
