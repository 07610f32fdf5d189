"""Run `diag` as `python -m diag`."""

from diag.cli.root import main

if __name__ == "__main__":
    main()
