"""Work that outlives a request, supervised by `runner`."""
