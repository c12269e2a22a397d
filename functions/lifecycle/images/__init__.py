"""What DetectBatch and inboxes share: how Amazon Rekognition refuses an image, and what that means."""
