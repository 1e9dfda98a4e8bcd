"""One module per command; `nnsim.cli.registry` says what each must have."""
