"""What watches GPUs: exporters and their metrics."""
