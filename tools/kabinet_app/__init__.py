"""The command-line app: the reference for the makers of the real one, and the tests' phone."""
