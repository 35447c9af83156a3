"""Reading what a storage directory or its archive holds, as a stream: names, digests, owners, links."""
