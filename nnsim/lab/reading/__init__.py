"""How the network reads: its metrics, every sample, every picture, the plane, and every layer."""
