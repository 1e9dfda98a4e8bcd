"""Scalar gates, for explanation: graphs, expressions, unrolled networks."""
