"""What `make demo` runs: a configuration and the clips its cameras show."""
