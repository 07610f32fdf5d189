"""What leaves the machine: names become pseudonyms that only this machine can turn back."""
