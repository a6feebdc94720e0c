"""What a finished run says of labels: which are wrong, and which songs to label next."""
