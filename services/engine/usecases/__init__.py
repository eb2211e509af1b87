"""What the engine's process does: one file a verb."""
