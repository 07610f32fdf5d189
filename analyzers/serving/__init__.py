"""Model servers and cold starts."""
