"""Services as containers, on the Docker engine of this machine or of another."""
