"""What a monitor can listen to: each kind of source delivers chunks that can be trusted, or says why it cannot."""
