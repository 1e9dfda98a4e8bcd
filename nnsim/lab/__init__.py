"""The bench: state, commands, undo, addresses, explanations. No screen, no I/O."""
