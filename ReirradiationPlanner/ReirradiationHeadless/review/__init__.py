"""Review of a result in a web browser."""
