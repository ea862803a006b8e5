"""Which money pays what: bank credits, matching, cases, reversals.

Never speaks HTTP, and never guesses: what is not certain is a case for a person.
"""
