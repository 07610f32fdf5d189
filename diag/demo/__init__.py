"""The demo cluster: a healthy GPU cluster with six failures."""
