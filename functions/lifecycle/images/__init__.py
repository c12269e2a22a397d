"""What DetectBatch and inboxes share: how Amazon Rekognition refuses an image, and when it labelled one."""
