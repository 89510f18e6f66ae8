"""The page that opens a reader's own patients, step by step."""
