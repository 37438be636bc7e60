"""edged turns cameras into facts on NATS."""

__version__ = "0.1.0"
