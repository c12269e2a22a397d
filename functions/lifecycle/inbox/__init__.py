"""Inboxes: images that are put into a folder of S3 are labelled, and their model runs only meanwhile."""
