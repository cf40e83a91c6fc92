"""Plug-ins: members of the seams that other people write."""
