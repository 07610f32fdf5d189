"""Identity of GPUs: models, names, and who means which."""
