"""The clinicians' web console: server-rendered pages, one institution at a time."""
