"""What market_data knows: instruments, books, trades, and its place in the engine's history. Pure and synchronous."""
