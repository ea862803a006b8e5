"""The two doors: banks in, contact books and dashboards out.

Never answers a bank before its message is committed, never sends before the fact is.
"""
