"""The words of each system: reasons, labels, resource names, with their sources."""
