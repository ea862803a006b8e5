"""What every room stands on: money, clock, ids, errors, database, outbox, queue, settings, logs.

Never knows what a school, a bank or an invoice is.
"""
