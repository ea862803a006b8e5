"""What is owed, how to pay it and what has been paid: notices, codes, QR, ledger.

Never hears a bank and never decides whose money came in.
"""
