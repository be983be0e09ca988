"""Pages and the interface for programs."""
