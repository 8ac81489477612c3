"""Whether a microphone is well, in the words of NAMUR NE 107."""
