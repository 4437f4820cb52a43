"""The platform in the browser: settings, addresses of pages, the entry point of the server."""
