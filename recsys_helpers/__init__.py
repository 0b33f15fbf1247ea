"""Helpers of the course: the plumbing behind the chapters, never the lesson."""
