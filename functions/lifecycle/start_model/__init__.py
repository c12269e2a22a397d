"""StartModel: its input, its steps, its output."""
