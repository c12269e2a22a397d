"""StopModel: its input, its steps, its output."""
