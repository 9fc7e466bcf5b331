"""Read OpenAPI documents: files, references, and the model of operations that everything else works on."""
