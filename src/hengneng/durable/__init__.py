"""What makes a promise to keep something hold through a power cut: files with names, tables with commits."""
