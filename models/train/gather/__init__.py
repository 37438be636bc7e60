"""Gathers training pictures: sources*.toml -> trees of files -> labelled pictures -> one folder laid out like the data folder, and its statement."""
