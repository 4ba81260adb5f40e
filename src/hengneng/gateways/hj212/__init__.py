"""The door of HJ 212: data loggers of pollution sources connect, send frames, and are answered for what is kept."""
