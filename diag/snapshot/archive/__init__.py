"""diag's own file of a cluster: JSON Lines with a manifest, packed, one frame for each capture. See docs/archive.md."""
