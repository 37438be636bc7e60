"""What edged costs, next to a bare loop and to the usual way of building it, measured in one run on this machine."""
