"""What operators see and limit: logs, metrics, the rate limit."""
