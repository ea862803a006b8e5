"""Payment rates by class, school, commune, province, each with numerator and denominator.

Never touches money and never reads a pupil's name.
"""
