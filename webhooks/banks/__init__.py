"""One file per provider: its bytes to credits, its signature, its reply. No I/O here."""
