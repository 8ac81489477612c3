"""Alarms and their life after ANSI/ISA-18.2-2016."""
