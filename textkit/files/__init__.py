"""Atomic files and folders, compressed files, and reading text files by block or line."""
