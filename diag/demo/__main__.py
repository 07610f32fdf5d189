"""`python -m diag.demo` makes the shipped files anew."""

from pathlib import Path

from diag.demo.build import write

if __name__ == "__main__":
    write(Path(__file__).parent)
