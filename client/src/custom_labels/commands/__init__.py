"""The commands of ``custom-labels``, a file for each; ``custom_labels.cli`` lists them."""
