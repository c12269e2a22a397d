"""``python -m emulator``."""

from emulator.cli import app

if __name__ == "__main__":
    app(prog_name="python -m emulator")
