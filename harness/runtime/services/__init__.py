"""What to run and how to talk to it: MySQL, Meilisearch and Apiary, wherever a runtime put them."""
