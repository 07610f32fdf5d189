"""Files beside a cluster's objects that tell of its GPUs: kernel logs, nvidia-smi, DCGM, gpud, NVSentinel, metrics.

`readings_of` takes one file's bytes. What it gives is evidence that rules may use, and never need.
"""

from diag.snapshot.sources.side.formats import looks_like_side_file, readings_of

__all__ = ["looks_like_side_file", "readings_of"]
