"""What is typed: paths and names that reach a command as they are, and what was meant by what cannot be read."""
