"""The version of this client, which is that of the app it belongs to."""

VERSION = "0.1.0"
