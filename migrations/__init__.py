"""Database versions: run by `hocphi migrate`, never imported by a room."""
