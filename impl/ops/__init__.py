"""Operations: logs, metrics, the rate limit."""
