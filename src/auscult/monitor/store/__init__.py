"""The event store: what the monitor remembers, in SQLite, through kills, full disks and damaged pages."""
