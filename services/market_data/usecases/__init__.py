"""What market_data does, a file per verb."""
