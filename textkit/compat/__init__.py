"""Interfaces of other libraries, over textkit's own parts, so that old programs run with one import changed."""
