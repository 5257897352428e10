"""One rewrite per file: `apply(graph)` rewrites a graph in place and counts what it did."""
