"""What was heard, judged again in another way: alarms gained, lost, earlier, later."""
