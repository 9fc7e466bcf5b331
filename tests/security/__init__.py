"""What attackers try, on running servers: each module is a risk, and its tests say what does not happen."""
