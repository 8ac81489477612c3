"""What a monitor tells to outside: MQTT and webhooks, from an outbox that loses nothing."""
