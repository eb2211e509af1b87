"""What orders does, a file for each verb."""
