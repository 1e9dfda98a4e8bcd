"""Training on the bench: the timeline of runs, training in a thread, and lines run meanwhile."""
