"""DetectBatch: the workload that looks at every image under an S3 prefix."""
