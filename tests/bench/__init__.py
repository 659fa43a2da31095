"""What the service costs, as ratios and figures from one run: `make bench`."""
