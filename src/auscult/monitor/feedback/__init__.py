"""What people say of alarms, and how it acts on the next decision."""
