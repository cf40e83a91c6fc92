"""Charts as SVG: scales, plots, bars; colours and fonts are the page's."""
