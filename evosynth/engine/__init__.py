"""The search engine: individuals, variation, epochs, islands, driver."""
