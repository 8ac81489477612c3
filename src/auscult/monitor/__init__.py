"""Live sources -> detections -> alarms -> event store, MQTT, webhooks: what runs for years beside a machine."""
