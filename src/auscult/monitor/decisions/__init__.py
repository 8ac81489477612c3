"""Sound of one machine -> windows -> detections: score, p-value, evidence, and which fault."""
