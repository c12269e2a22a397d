"""RunWithModel: its input, its steps, and what an ended run leaves behind."""
