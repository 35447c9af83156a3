"""What takes the place of Apiary and Meilisearch where the real ones are not available."""
