"""What a night consists of, a file for each part."""
