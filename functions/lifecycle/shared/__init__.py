"""What knows nothing of models: ARNs, JSON in and out, texts, prices, locations in Amazon S3."""
