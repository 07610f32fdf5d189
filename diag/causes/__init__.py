"""From findings to root causes: competition, graph, rank, report."""
