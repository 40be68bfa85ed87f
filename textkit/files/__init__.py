"""Atomic files and folders, packed files and lines."""
