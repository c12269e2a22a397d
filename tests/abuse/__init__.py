"""What hostile inputs, and the largest that are legal, come to: what docs/evidence/abuse.md promises."""
