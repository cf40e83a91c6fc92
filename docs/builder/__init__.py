"""Makes the site: stages the pages, generates the reference, renders both."""
