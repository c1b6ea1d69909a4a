"""A synthetic city, reproducible from a seed: no real person, no real clinic but the five centres' names and seats."""
