"""An AWS endpoint on this machine that runs the synthesised template: its ASL, its packaged handlers, its roles."""
