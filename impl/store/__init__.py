"""What every table of a user's rows needs: reads, pages, writes, conditions, idempotency keys, batches."""
