"""Result to console, JSON and, later, documents: reports render what was judged, and never judge."""
