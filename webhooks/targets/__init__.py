"""One file per kind of receiver: a fact to a signed request. No I/O here."""
