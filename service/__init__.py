"""The only place where everything meets: API, pages, worker, command line, sign-in.

Never decides about money: it opens the transaction, calls the deed, answers.
"""
