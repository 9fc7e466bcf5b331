"""Operations on tables of users' rows: reads, pages, writes, conditions, idempotency keys, batches."""
