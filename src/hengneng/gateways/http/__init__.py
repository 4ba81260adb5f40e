"""The HTTP door: batches of readings at /readings, the interface of key units below /nhjc/."""
