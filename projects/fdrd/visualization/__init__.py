"""Pictures of what a detector sees and finds."""
