"""What a screen or a table shows, as plain rows."""
