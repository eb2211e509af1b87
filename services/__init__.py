"""The services of the exchange, and the two rooms they share: kernel (pure) and runtime (plumbing)."""
