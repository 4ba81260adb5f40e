"""The bridge to a broker of MQTT: readings by topic, durable before they are acknowledged."""
