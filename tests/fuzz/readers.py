"""Coverage-guided fuzzing of the readers: `make fuzz`, or `make fuzz FUZZ_SECONDS=600`.

Each input is read as the standard input and as a file, and loaded. What may happen is a snapshot or one of diag's own
sentences; anything else is a crash. libFuzzer watches time and memory.
"""

import sys

import atheris

with atheris.instrument_imports(include=["diag.snapshot", "diag.errors"]):
    from target import one_input

if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
