"""A case at many points: designs, the store, the runner, frontiers, and what the points say."""
