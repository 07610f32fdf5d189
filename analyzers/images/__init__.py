"""Images and model downloads."""
