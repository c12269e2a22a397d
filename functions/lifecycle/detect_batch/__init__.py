"""DetectBatch: the workload that labels every image under an S3 prefix."""
