"""One file per command of `mynah`."""
