"""The rules: one folder per failure domain, one file per rule or table of signatures."""
