"""HTTP: routes, pages and errors."""
