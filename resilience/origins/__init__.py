"""Whose work is in a good: tracing through the input–output table, and content rules over bills of materials."""
