"""From files to a model's inputs, and from its outputs to labels and files."""
