"""What builds, checks and documents the platform; nothing here runs while it serves."""
