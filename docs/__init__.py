"""The documentation: its pages, and `python -m docs.builder`, which makes the site of them."""
