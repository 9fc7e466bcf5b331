"""Attacks on running servers: each module covers a risk, and its tests assert that the attacks fail."""
