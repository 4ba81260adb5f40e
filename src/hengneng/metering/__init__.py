"""The register of meters, their energy in standard coal, and the facts that come from them."""
