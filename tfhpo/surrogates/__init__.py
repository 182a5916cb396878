"""Models of what the trials say of the points between them: array maths, numpy and scipy only."""
